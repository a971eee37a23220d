#include "notifier.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/log.hpp>

#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace chat_gateway::app {
namespace {

std::string_view value_of(const environment& variables, const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string_view() : std::string_view(found->second);
}

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number n{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return n;
}

std::uint64_t monotonic_microseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

}  // namespace

notifier::notifier(const environment& variables) : address_(value_of(variables, "NOTIFY_SOCKET")) {
    if (address_.empty()) return;
    const bool possible = (address_.front() == '/' || address_.front() == '@') &&
                          address_.size() > 1 && address_.size() < sizeof(sockaddr_un::sun_path);
    if (!possible) {
        log::warn("NOTIFY_SOCKET is neither a path nor an abstract name",
                  {{"value", std::exchange(address_, {})}});
        return;
    }
    if (address_.front() == '@') address_.front() = '\0';
    socket_ = net::descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void notifier::ready(std::string_view status) {
    send("READY=1\nSTATUS=" + std::string(status));
}

void notifier::reloading() {
    send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(monotonic_microseconds()));
}

void notifier::stopping(std::string_view status, std::chrono::microseconds longest) {
    send("STOPPING=1\nSTATUS=" + std::string(status) +
         "\nEXTEND_TIMEOUT_USEC=" + std::to_string(longest.count()));
}

void notifier::status(std::string_view text) {
    send("STATUS=" + std::string(text));
}

void notifier::alive() {
    send("WATCHDOG=1");
}

void notifier::send(std::string_view assignments) {
    if (!socket_) return;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, address_.data(), address_.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
    const auto sent =
        ::sendto(socket_.get(), assignments.data(), assignments.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                 reinterpret_cast<const sockaddr*>(&to), size);
    const bool failed = sent < 0;
    if (failed && !failed_) {
        const boost::system::error_code why(errno, boost::system::system_category());
        log::warn("the service manager cannot be told", {{"error", why.message()}});
    }
    failed_ = failed;
}

std::optional<std::chrono::microseconds> watchdog_time(const environment& variables) {
    const auto asked = value_of(variables, "WATCHDOG_USEC");
    if (asked.empty()) return std::nullopt;
    const auto whom = value_of(variables, "WATCHDOG_PID");
    if (!whom.empty() && number<pid_t>(whom) != ::getpid()) return std::nullopt;
    const auto time = number<std::int64_t>(asked);
    if (!time || *time <= 0) {
        log::warn("WATCHDOG_USEC is not a time", {{"value", asked}});
        return std::nullopt;
    }
    return std::chrono::microseconds(*time);
}

}  // namespace chat_gateway::app
