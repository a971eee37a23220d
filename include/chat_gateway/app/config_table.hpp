#pragma once

#include <chat_gateway/app/settings.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Every key of the configuration, declared once. Environment names, the file's keys, the checks,
/// --print-config, the JSON Schema, the example file and the documentation come of it; a default is
/// the initial value in settings.
namespace chat_gateway::app {

/// Where a key's value lives in settings. The alternative is the key's type; an enumeration of log
/// is text, and its values are the key's choices in their order.
using config_slot = std::variant<bool*, std::uint16_t*, std::uint32_t*, std::string*,
                                 std::vector<std::string>*, log::level*, log::format*>;

enum class secrecy {
    open,
    secret,  ///< never shown
    url,     ///< shown without what could be a password
};

struct config_key {
    std::string_view path;
    config_slot (*slot)(settings&);
    std::string_view meaning;
    std::uint32_t minimum = 0;
    std::uint32_t maximum = 0;
    /// Texts, also those within a list: the only ones possible, if there are any.
    std::vector<std::string_view> choices{};
    /// Texts: what is wrong with one, in words that follow it; empty if nothing is.
    std::string_view (*check)(std::string_view) = nullptr;
    std::string_view accepted{};  ///< what `check` lets pass, in words
    std::string_view
        alias{};  ///< a second environment variable; the value as a whole, even of a list
    secrecy shown = secrecy::open;
    /// A number that config/chat-gateway.json sets in place of the default; 0: the default.
    std::uint32_t shipped = 0;
    bool reloads = false;  ///< SIGHUP reads it again
};

std::span<const config_key> config_keys();

/// nullptr if there is none.
const config_key* find_config_key(std::string_view path);

/// `server.port` -> `CHAT_GATEWAY_SERVER_PORT`.
std::string environment_name(std::string_view path);

}  // namespace chat_gateway::app
