#include "socket_activation.hpp"

#include "printable.hpp"

#include <charconv>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace chat_gateway::app {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int most_descriptors = 64;

std::optional<long> number_of(const environment& variables, const char* name) {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    const std::string& text = found->second;
    long n = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

std::vector<std::string> names_of(const environment& variables) {
    std::vector<std::string> names;
    const auto found = variables.find("LISTEN_FDNAMES");
    if (found == variables.end()) return names;
    std::string_view rest = found->second;
    for (;;) {
        const auto colon = rest.find(':');
        names.emplace_back(rest.substr(0, colon));
        if (colon == rest.npos) return names;
        rest.remove_prefix(colon + 1);
    }
}

std::string fault_of(const std::string& name, const std::string& problem) {
    return "inherited socket " + printable(name) + ": " + problem;
}

}  // namespace

std::variant<inherited_sockets, std::string> take_inherited_sockets(const environment& variables) {
    inherited_sockets all;
    if (!variables.contains("LISTEN_FDS") || number_of(variables, "LISTEN_PID") != ::getpid())
        return all;
    const auto count = number_of(variables, "LISTEN_FDS");
    if (!count || *count < 0 || *count > most_descriptors)
        return "LISTEN_FDS is not a number from 0 to " + std::to_string(most_descriptors);
    auto names = names_of(variables);
    if (names.size() != static_cast<std::size_t>(*count)) {
        if (!names.empty())
            return std::string("LISTEN_FDNAMES has not as many names as LISTEN_FDS says");
        names.assign(static_cast<std::size_t>(*count), "unknown");
    }
    int next = first_descriptor;
    for (const auto& name : names) {
        auto socket = net::inherited_socket::adopt(net::descriptor(next++));
        if (!socket)
            return fault_of(name, "no listening stream socket: " + socket.error().message());
        if (name == "public") {
            all.open.push_back(std::move(*socket));
        } else if (name == "admin" && !all.admin) {
            all.admin.emplace(std::move(*socket));
        } else if (name == "admin") {
            return fault_of(name, "there is another one");
        } else {
            return fault_of(name, "FileDescriptorName= is neither public nor admin");
        }
    }
    return all;
}

}  // namespace chat_gateway::app
