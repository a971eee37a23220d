#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chat_gateway::socketio::cluster {

/// Walks over JSON text (RFC 8259, UTF-8) without building anything: values are views of the text,
/// and every byte that was passed has been checked. Where something is wrong the functions return
/// false, for good: the scanner is then of no more use.
class json_scanner {
public:
    /// How deep a value may nest that is passed over as a whole.
    static constexpr std::size_t max_depth = 256;

    explicit json_scanner(std::string_view text) : text_(text) {}

    /// Passes over one value; `raw` is its text without space around.
    [[nodiscard]] bool value(std::string_view& raw);
    [[nodiscard]] bool skip() {
        std::string_view raw;
        return value(raw);
    }
    /// Passes over an object and calls member(key) for each of its members, in which it has to read
    /// the value.
    template <class F>
    [[nodiscard]] bool object(F&& member) {
        if (!take('{')) return false;
        if (take('}')) return true;
        do {
            std::string_view key;
            std::string decoded;
            if (!name(key, decoded) || !member(key)) return false;
        } while (take(','));
        return take('}');
    }
    /// The same for an array: element() has to read one.
    template <class F>
    [[nodiscard]] bool array(F&& element) {
        if (!take('[')) return false;
        if (take(']')) return true;
        do {
            if (!element()) return false;
        } while (take(','));
        return take(']');
    }
    /// What comes next, after space, begins with `c`.
    [[nodiscard]] bool at(char c) {
        space();
        return at_ < text_.size() && text_[at_] == c;
    }
    /// Nothing comes but space.
    [[nodiscard]] bool end() {
        space();
        return at_ == text_.size();
    }

    [[nodiscard]] std::size_t position() const { return at_; }
    /// What was passed since it was at `begin`.
    [[nodiscard]] std::string_view since(std::size_t begin) const {
        return text_.substr(begin, at_ - begin);
    }

private:
    void space();
    bool take(char c) {
        if (!at(c)) return false;
        ++at_;
        return true;
    }
    bool name(std::string_view& key, std::string& decoded);
    bool string();
    bool escape();
    bool number();
    bool digits();
    bool word(std::string_view expected);
    bool scalar();

    std::string_view text_;
    std::size_t at_ = 0;
};

/// The whole of `text` is one JSON value.
bool is_json(std::string_view text);

/// The text of a string literal that a scanner has passed; a surrogate without its partner is
/// U+FFFD, as Node makes of it in UTF-8.
std::string string_of(std::string_view literal);

}  // namespace chat_gateway::socketio::cluster
