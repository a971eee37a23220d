#include "config_value.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

namespace chat_gateway::app {
namespace {

constexpr auto largest = std::numeric_limits<std::int64_t>::max();

template <class... Functions>
struct overloaded : Functions... {
    using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;  // clang 14 does not find it by itself

template <class Enum>
config_value choice_at(const config_key& key, Enum e) {
    return std::string(key.choices.at(static_cast<std::size_t>(e)));
}

template <class Enum>
Enum chosen(const config_key& key, const config_value& value) {
    const auto found = std::ranges::find(key.choices, std::get<std::string>(value));
    return static_cast<Enum>(found - key.choices.begin());
}

/// The key's slot in settings that are only read: the slots serve both ways.
config_slot slot_of(const config_key& key, const settings& from) {
    return key.slot(const_cast<settings&>(from));
}

std::optional<config_value> list_from_json(const nlohmann::ordered_json& json) {
    if (!json.is_array()) return std::nullopt;
    std::vector<std::string> list;
    for (const auto& item : json) {
        if (!item.is_string()) return std::nullopt;
        list.push_back(item.get_ref<const std::string&>());
    }
    return list;
}

std::optional<config_value> integer_from_json(const nlohmann::ordered_json& json) {
    if (!json.is_number_integer()) return std::nullopt;
    if (!json.is_number_unsigned()) return json.get<std::int64_t>();
    return static_cast<std::int64_t>(
        std::min(json.get<std::uint64_t>(), static_cast<std::uint64_t>(largest)));
}

std::optional<config_value> integer_from_text(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || end != text.data() + text.size()) return std::nullopt;
    if (problem == std::errc::result_out_of_range)
        return text.starts_with('-') ? -largest : largest;
    return problem == std::errc{} ? std::optional<config_value>(number) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Secrets keep their spaces. An empty text is an empty list.
std::vector<std::string> list_from_text(std::string_view text, bool trim) {
    std::vector<std::string> list;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = text.substr(0, comma);
        list.emplace_back(trim ? trimmed(item) : item);
        if (comma == text.npos) break;
        text.remove_prefix(comma + 1);
        if (text.empty()) list.emplace_back();  // after a comma at the end
    }
    return list;
}

}  // namespace

value_kind kind_of(const config_key& key) {
    return static_cast<value_kind>(default_value(key).index());
}

config_value read_value(const config_key& key, const settings& from) {
    return std::visit(
        overloaded{
            [](const std::uint16_t* number) -> config_value { return std::int64_t{*number}; },
            [](const std::uint32_t* number) -> config_value { return std::int64_t{*number}; },
            [&key](const log::level* l) { return choice_at(key, *l); },
            [&key](const log::format* f) { return choice_at(key, *f); },
            [](const auto* same) -> config_value { return *same; },
        },
        slot_of(key, from));
}

config_value default_value(const config_key& key) {
    static const settings defaults;
    return read_value(key, defaults);
}

void store_value(const config_key& key, const config_value& value, settings& into) {
    std::visit(overloaded{
                   [&](log::level* l) { *l = chosen<log::level>(key, value); },
                   [&](log::format* f) { *f = chosen<log::format>(key, value); },
                   [&](std::uint16_t* n) {
                       *n = static_cast<std::uint16_t>(std::get<std::int64_t>(value));
                   },
                   [&](std::uint32_t* n) {
                       *n = static_cast<std::uint32_t>(std::get<std::int64_t>(value));
                   },
                   [&](auto* same) { *same = std::get<std::decay_t<decltype(*same)>>(value); },
               },
               key.slot(into));
}

std::optional<config_value> value_from_json(const config_key& key,
                                            const nlohmann::ordered_json& json) {
    switch (kind_of(key)) {
        case value_kind::boolean:
            return json.is_boolean() ? std::optional<config_value>(json.get<bool>()) : std::nullopt;
        case value_kind::integer:
            return integer_from_json(json);
        case value_kind::text:
            return json.is_string() ? std::optional<config_value>(json.get<std::string>())
                                    : std::nullopt;
        case value_kind::list:
            return list_from_json(json);
    }
    return std::nullopt;
}

nlohmann::ordered_json value_to_json(const config_value& value) {
    return std::visit([](const auto& v) -> nlohmann::ordered_json { return v; }, value);
}

nlohmann::ordered_json& member_at(nlohmann::ordered_json& root, std::string_view path) {
    auto* at = &root;
    for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.')) {
        at = &(*at)[std::string(path.substr(0, dot))];
        path.remove_prefix(dot + 1);
    }
    return (*at)[std::string(path)];
}

std::optional<config_value> value_from_text(const config_key& key, std::string_view text) {
    switch (kind_of(key)) {
        case value_kind::boolean:
            if (text != "true" && text != "false") return std::nullopt;
            return text == "true";
        case value_kind::integer:
            return integer_from_text(text);
        case value_kind::text:
            return std::string(text);
        case value_kind::list:
            return list_from_text(text, key.shown != secrecy::secret);
    }
    return std::nullopt;
}

}  // namespace chat_gateway::app
