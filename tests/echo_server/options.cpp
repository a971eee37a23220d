#include "options.hpp"

#include <charconv>
#include <limits>
#include <optional>

namespace chat_gateway::echo {
namespace {

/// A day: longer than any test, and far from where sums of time points overflow.
constexpr std::uint32_t longest_ms = 86'400'000;

std::optional<std::uint32_t> number_in(std::string_view text, std::uint32_t least,
                                       std::uint32_t most) {
    std::uint32_t value = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value);
    if (parsed.ec != std::errc() || parsed.ptr != end || value < least || value > most)
        return std::nullopt;
    return value;
}

class reader {
public:
    /// Empty, or what is wrong with the argument.
    std::string take(std::string_view name, std::string_view value) {
        if (name == "--path") return take_path(value);
        if (name == "--port") return take_number(name, value, 0, 65535, into.port);
        if (name == "--ping-interval") return take_time(name, value, into.ping_interval);
        if (name == "--ping-timeout") return take_time(name, value, into.ping_timeout);
        if (name == "--connect-timeout") return take_time(name, value, into.connect_timeout);
        return take_number(name, value, 1, 100'000'000, into.max_payload);
    }
    static bool knows(std::string_view name) {
        for (const std::string_view known :
             {"--path", "--port", "--ping-interval", "--ping-timeout", "--connect-timeout",
              "--max-payload"}) {
            if (name == known) return true;
        }
        return false;
    }

    options into;

private:
    template <class T>
    static std::string take_number(std::string_view name, std::string_view value,
                                   std::uint32_t least, std::uint32_t most, T& to) {
        const auto number = number_in(value, least, most);
        if (!number) {
            return std::string(name) + " is \"" + std::string(value) +
                   "\"; accepted: " + std::to_string(least) + " to " + std::to_string(most);
        }
        to = static_cast<T>(*number);
        return {};
    }
    static std::string take_time(std::string_view name, std::string_view value,
                                 std::chrono::milliseconds& to) {
        std::uint32_t ms = 0;
        auto fault = take_number(name, value, 1, longest_ms, ms);
        if (fault.empty()) to = std::chrono::milliseconds(ms);
        return fault;
    }
    std::string take_path(std::string_view value) {
        while (value.ends_with('/'))
            value.remove_suffix(1);
        const bool printable = value.find_first_not_of(
                                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789-._~/") == value.npos;
        if (value.size() < 2 || value.front() != '/' || !printable || value == "/engine.io") {
            return "--path is \"" + std::string(value) +
                   "\"; accepted: a path such as /socket.io, other than /engine.io";
        }
        into.path = value;
        return {};
    }
};

}  // namespace

std::variant<options, bad_argument> parse_options(std::span<const char* const> arguments) {
    reader r;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--help") {
            r.into.help = true;
            continue;
        }
        if (argument == "--compression") {
            r.into.compression = true;
            continue;
        }
        const auto equals = argument.find('=');
        const auto name = argument.substr(0, equals);
        if (!reader::knows(name)) return bad_argument{"unknown argument " + std::string(argument)};
        const bool attached = equals != argument.npos;
        if (!attached && ++i == arguments.size())
            return bad_argument{std::string(name) + " needs a value"};
        const auto fault =
            r.take(name, attached ? argument.substr(equals + 1) : std::string_view(arguments[i]));
        if (!fault.empty()) return bad_argument{fault};
    }
    return r.into;
}

}  // namespace chat_gateway::echo
