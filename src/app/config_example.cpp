#include "config_check.hpp"
#include "config_value.hpp"

#include <chat_gateway/app/config_reference.hpp>
#include <chat_gateway/app/config_table.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace chat_gateway::app {
namespace {

constexpr std::size_t columns = 100;

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (auto end = text.find(separator); end != text.npos; end = text.find(separator)) {
        parts.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    parts.push_back(text);
    return parts;
}

nlohmann::ordered_json shipped_value(const config_key& key) {
    if (key.shipped != 0) return key.shipped;
    return value_to_json(default_value(key));
}

/// Writes the keys one after the other and opens and closes the objects between them.
class writer {
public:
    void add(const config_key& key) {
        auto sections = split(key.path, '.');
        const auto name = sections.back();
        sections.pop_back();
        enter(sections);
        begin_item();
        comment(key.meaning);
        comment("Accepted: " + accepted_values(key) + '.');
        if (key.shipped != 0) comment("Default: " + value_to_json(default_value(key)).dump() + '.');
        line('"' + std::string(name) + "\": " + shipped_value(key).dump());
    }

    std::string take() {
        enter({});
        return "// All keys with their defaults, or what this file sets instead. Every one may be "
               "left out, but\n// session.secrets must be set here or by SESSION_SECRET. "
               "docs/configuration.md says more.\n{" +
               text_ + "\n}\n";
    }

private:
    void enter(const std::vector<std::string_view>& sections) {
        const auto shared = std::ranges::mismatch(open_, sections).in1 - open_.begin();
        while (open_.size() > static_cast<std::size_t>(shared)) {
            open_.pop_back();
            line("}");
            first_ = false;
        }
        while (open_.size() < sections.size()) {
            begin_item();
            const auto name = sections[open_.size()];
            line('"' + std::string(name) + "\": {");
            open_.push_back(name);
            first_ = true;
        }
    }

    void begin_item() {
        if (!first_) text_ += ',';
        first_ = false;
    }

    void comment(std::string_view words) {
        const auto width = columns - indent().size() - 3;
        while (words.size() > width) {
            const auto space = words.rfind(' ', width);
            line("// " + std::string(words.substr(0, space)));
            words.remove_prefix(space + 1);
        }
        line("// " + std::string(words));
    }

    void line(const std::string& words) { text_ += '\n' + indent() + words; }
    [[nodiscard]] std::string indent() const { return std::string(2 * (open_.size() + 1), ' '); }

    std::string text_;
    std::vector<std::string_view> open_;
    bool first_ = true;
};

}  // namespace

std::string config_example() {
    writer w;
    for (const auto& key : config_keys())
        w.add(key);
    return w.take();
}

}  // namespace chat_gateway::app
