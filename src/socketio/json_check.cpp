#include "json_check.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

namespace chat_gateway::socketio {

namespace {

constexpr std::size_t max_depth = 256;

/// Listens to nlohmann's parser; a false stops it.
class shape_reader final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit shape_reader(std::size_t attachments) : attachments_(attachments) {}

    json_shape take() { return std::move(shape_); }

    bool null() override { return value(json_kind::other); }
    bool boolean(bool v) override { return value(json_kind::other, {.is_true = v}); }
    bool number_integer(number_integer_t) override { return value(json_kind::number); }
    bool number_unsigned(number_unsigned_t v) override {
        return value(json_kind::number, {.names_attachment = v < attachments_});
    }
    bool number_float(number_float_t, const string_t&) override { return value(json_kind::number); }
    bool string(string_t& v) override {
        const bool leads = open_.size() == 1 && shape_.first == json_kind::none;
        if (leads) shape_.name = std::move(v);
        return value(json_kind::string);
    }
    bool binary(binary_t&) override { return false; }  // not in JSON text

    bool start_object(std::size_t) override { return value(json_kind::object) && enter(); }
    bool key(string_t& name) override {
        open_.back().key = name == "_placeholder" ? member::placeholder
                           : name == "num"        ? member::num
                                                  : member::other;
        return true;
    }
    bool end_object() override {
        if (open_.back().placeholder && !open_.back().num_fits) shape_.placeholders_fit = false;
        open_.pop_back();
        return true;
    }
    bool start_array(std::size_t) override { return value(json_kind::array) && enter(); }
    bool end_array() override {
        open_.pop_back();
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

private:
    enum class member : std::uint8_t { other, placeholder, num };

    /// An object or array that is not closed yet.
    struct container {
        member key = member::other;
        bool placeholder = false;
        bool num_fits = false;
    };
    struct traits {
        bool is_true = false;
        bool names_attachment = false;
    };

    bool value(json_kind kind) { return value(kind, {}); }

    bool value(json_kind kind, traits t) {
        if (open_.empty()) {
            shape_.root = kind;
            return true;
        }
        if (open_.size() == 1 && shape_.root == json_kind::array &&
            shape_.first == json_kind::none) {
            shape_.first = kind;
        }
        // The last of equal keys counts, as in JSON.parse.
        auto& in = open_.back();
        if (in.key == member::placeholder) in.placeholder = t.is_true;
        if (in.key == member::num) in.num_fits = t.names_attachment;
        return true;
    }

    bool enter() {
        if (open_.size() == max_depth) return false;
        open_.emplace_back();
        return true;
    }

    std::size_t attachments_;
    json_shape shape_;
    std::vector<container> open_;
};

/// nlohmann takes a byte order mark in front and a NUL as the end of the text; JSON has neither.
bool has_stray_bytes(std::string_view text) {
    return text.starts_with("\xEF\xBB\xBF") || text.find('\0') != std::string_view::npos;
}

/// The UTF-16 unit that a `\uXXXX` at `at` stands for.
std::optional<std::uint16_t> escaped_unit(std::string_view json, std::size_t at) {
    if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
    std::uint16_t unit = 0;
    const char* end = json.data() + at + 6;
    const auto [stop, error] = std::from_chars(end - 4, end, unit, 16);
    if (error != std::errc() || stop != end) return std::nullopt;
    return unit;
}

bool is_high(std::uint16_t unit) {
    return unit >= 0xD800 && unit < 0xDC00;
}
bool is_low(std::uint16_t unit) {
    return unit >= 0xDC00 && unit < 0xE000;
}

}  // namespace

std::optional<json_shape> check_json(std::string_view text, std::size_t attachments) {
    if (has_stray_bytes(text)) return std::nullopt;
    shape_reader reader(attachments);
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return std::nullopt;
    return reader.take();
}

void replace_lone_surrogates(std::string& json) {
    std::size_t at = 0;
    while ((at = json.find('\\', at)) != std::string::npos) {
        const auto unit = escaped_unit(json, at);
        if (!unit) {
            at += 2;  // another escape; the next character is not one by itself
            continue;
        }
        const auto next = is_high(*unit) ? escaped_unit(json, at + 6) : std::nullopt;
        if (next && is_low(*next)) {
            at += 12;
            continue;
        }
        if (is_high(*unit) || is_low(*unit)) json.replace(at + 2, 4, "fffd");
        at += 6;
    }
}

}  // namespace chat_gateway::socketio
