#include "config_value.hpp"
#include "redact.hpp"

#include <chat_gateway/app/config_print.hpp>
#include <chat_gateway/app/config_table.hpp>

namespace chat_gateway::app {
namespace {

std::string shown_text(secrecy shown, const std::string& text) {
    switch (shown) {
        case secrecy::open:
            return text;
        case secrecy::secret:
            return redact_secret(text);
        case secrecy::url:
            return redact_url(text);
    }
    return redact_secret(text);
}

config_value shown_value(const config_key& key, config_value value) {
    if (auto* text = std::get_if<std::string>(&value)) *text = shown_text(key.shown, *text);
    if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
        for (auto& item : *list)
            item = shown_text(key.shown, item);
    }
    return value;
}

}  // namespace

std::string print_config(const settings& values) {
    auto all = nlohmann::ordered_json::object();
    for (const auto& key : config_keys()) {
        member_at(all, key.path) = value_to_json(shown_value(key, read_value(key, values)));
    }
    return all.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace chat_gateway::app
