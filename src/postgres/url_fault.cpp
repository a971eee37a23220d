#include <chat_gateway/postgres/postgres.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <libpq-fe.h>
#include <memory>
#include <string>

namespace chat_gateway::postgres {
namespace {

struct number_option {
    std::string_view name;
    std::string_view fault;
};

/// libpq takes them for text until it connects.
constexpr std::array<number_option, 6> numbers{{
    {"connect_timeout", "has a connect_timeout that is no number"},
    {"keepalives", "has keepalives that is no number"},
    {"keepalives_idle", "has a keepalives_idle that is no number"},
    {"keepalives_interval", "has a keepalives_interval that is no number"},
    {"keepalives_count", "has a keepalives_count that is no number"},
    {"tcp_user_timeout", "has a tcp_user_timeout that is no number"},
}};

constexpr std::array<std::string_view, 6> ssl_modes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

bool is_number(std::string_view text, int lowest, int highest) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= lowest &&
           value <= highest;
}

std::size_t parts_of(std::string_view list) {
    return static_cast<std::size_t>(std::ranges::count(list, ',')) + 1;
}

/// One of each host; an empty one is the default.
bool are_ports(std::string_view list) {
    for (;;) {
        const auto one = list.substr(0, list.find(','));
        if (!one.empty() && !is_number(one, 1, 65535)) return false;
        if (one.size() == list.size()) return true;
        list.remove_prefix(one.size() + 1);
    }
}

/// Empty: nothing is wrong with it.
std::string_view fault_of(std::string_view option, std::string_view value) {
    if (option == "port" && !are_ports(value))
        return "has a port that is no number from 1 to 65535";
    if (option == "sslmode" && std::ranges::count(ssl_modes, value) == 0)
        return "has an sslmode that is none";
    const auto found = std::ranges::find(numbers, option, &number_option::name);
    // Negative numbers are libpq's way to say: no limit.
    if (found != numbers.end() && !is_number(value, -1, 2'147'483'647)) return found->fault;
    return {};
}

}  // namespace

// libpq's own message may quote the password, so that it is not passed on.
std::string_view fault_of_url(std::string_view url) {
    if (!url.starts_with("postgres://") && !url.starts_with("postgresql://"))
        return "is not a connection URI";
    char* message = nullptr;
    const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
        PQconninfoParse(std::string(url).c_str(), &message), PQconninfoFree);
    const std::unique_ptr<char, void (*)(void*)> words(message, PQfreemem);
    if (!options) {
        const bool parameter = words && std::string_view(words.get()).find("query parameter") !=
                                            std::string_view::npos;
        return parameter ? "has a parameter that libpq does not know"
                         : "is not a connection URI that libpq can read";
    }
    std::size_t hosts = 1;
    std::size_t ports = 1;
    for (const auto* o = options.get(); o->keyword != nullptr; ++o) {
        if (o->val == nullptr || *o->val == '\0') continue;
        const std::string_view option = o->keyword;
        if (const auto fault = fault_of(option, o->val); !fault.empty()) return fault;
        if (option == "host" || option == "hostaddr") hosts = parts_of(o->val);
        if (option == "port") ports = parts_of(o->val);
    }
    return ports == 1 || ports == hosts ? "" : "has more or fewer ports than hosts";
}

}  // namespace chat_gateway::postgres
