#include "config_document.hpp"

#include "printable.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::app {
namespace {

using json = nlohmann::ordered_json;

/// The parser's own tree builder reports neither places nor keys said twice, so this one stands in
/// for it.
class builder final : public nlohmann::json_sax<json> {
public:
    config_document take() { return std::move(document_); }
    [[nodiscard]] std::size_t error_position() const { return error_position_; }

    bool null() override { return add(nullptr) != nullptr; }
    bool boolean(bool value) override { return add(value) != nullptr; }
    bool number_integer(number_integer_t value) override { return add(value) != nullptr; }
    bool number_unsigned(number_unsigned_t value) override { return add(value) != nullptr; }
    bool number_float(number_float_t value, const string_t& /*text*/) override {
        return add(value) != nullptr;
    }
    bool string(string_t& value) override { return add(std::move(value)) != nullptr; }
    bool binary(binary_t& value) override { return add(std::move(value)) != nullptr; }

    bool start_object(std::size_t /*size*/) override { return open(json::object()); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t /*size*/) override { return open(json::array()); }
    bool end_array() override { return close(); }

    bool key(string_t& name) override {
        name_ = std::move(name);
        if (open_.back().container->contains(name_)) document_.duplicates.push_back(path_of_name());
        return true;
    }

    bool parse_error(std::size_t position, const std::string& /*last_token*/,
                     const nlohmann::detail::exception& /*reason*/) override {
        error_position_ = position;
        document_.root = json(json::value_t::discarded);
        return false;
    }

private:
    struct level {
        json* container;
        std::string name;  ///< empty within an array
    };

    json* add(json value) {
        if (open_.empty()) return &(document_.root = std::move(value));
        auto& parent = *open_.back().container;
        if (parent.is_object()) return &(parent[name_] = std::move(value));
        parent.push_back(std::move(value));
        return &parent.back();
    }

    bool open(json container) {
        const bool named = !open_.empty() && open_.back().container->is_object();
        open_.push_back({add(std::move(container)), named ? path_segment(name_) : ""});
        return true;
    }

    bool close() {
        open_.pop_back();
        return true;
    }

    [[nodiscard]] std::string path_of_name() const {
        std::string path;
        for (const auto& l : open_)
            path += l.name.empty() ? "" : l.name + '.';
        return path + path_segment(name_);
    }

    config_document document_;
    std::vector<level> open_;
    std::string name_;
    std::size_t error_position_ = 0;
};

}  // namespace

config_document parse_config_document(std::string_view text) {
    builder tree;
    const bool whole = json::sax_parse(text, &tree, json::input_format_t::json, true, true);
    auto document = tree.take();
    if (whole) return document;
    const auto before = text.substr(0, std::min(tree.error_position(), text.size()));
    const auto read =
        before.substr(0, before.empty() ? 0 : before.size() - 1);  // without the culprit
    document.line = 1 + static_cast<std::size_t>(std::ranges::count(read, '\n'));
    document.column = read.size() - (read.rfind('\n') + 1) + 1;
    return document;
}

}  // namespace chat_gateway::app
