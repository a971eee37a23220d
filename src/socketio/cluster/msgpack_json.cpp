#include "cluster/js_date.hpp"
#include "cluster/msgpack_reader.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

namespace chat_gateway::socketio::cluster {
namespace {

using msgpack::big_endian;
using msgpack::kind;
using msgpack::token;

constexpr int max_depth = 256;
/// Sorts behind every array index, as all other keys of a JavaScript object do.
constexpr std::uint64_t no_index = std::uint64_t{1} << 32;

/// JavaScript lists the keys that are array indexes first: canonical decimal, 0 to 2^32-2.
std::uint64_t array_index(std::string_view key) {
    if (key.empty() || key.size() > 10 || (key[0] == '0' && key.size() > 1)) return no_index;
    std::uint64_t index = 0;
    for (const char c : key) {
        if (c < '0' || c > '9') return no_index;
        index = index * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return index < 0xffffffffU ? index : no_index;
}

/// notepack 2's encoding, which notepack 3 still reads.
bool is_undefined(const token& t) {
    return t.what == kind::extension && t.lead == 0xd4 && t.extension_type == 0;
}

/// The milliseconds of a date in any of its forms, in the arithmetic of doubles, as notepack
/// computes them. A timestamp of 96 bits with another length is malformed and was refused before.
std::optional<double> date_of(const token& t) {
    constexpr double two_32 = 0x1p32;
    const auto u32 = [&](std::size_t at) -> double {
        return big_endian<std::uint32_t>(t.bytes.substr(at));
    };
    const auto i32 = [&](std::size_t at) -> double {
        return big_endian<std::int32_t>(t.bytes.substr(at));
    };
    if (t.lead == 0xd7 && t.extension_type == 0) return i32(0) * two_32 + u32(4);
    if (t.extension_type != -1) return std::nullopt;
    switch (t.lead) {
        case 0xd6:
            return u32(0) * 1e3;
        case 0xd7: {
            const auto bits = big_endian<std::uint64_t>(t.bytes);
            const auto seconds = static_cast<double>(bits & 0x3ffffffffU);
            return seconds * 1e3 + static_cast<double>(bits >> 34) / 1e6;
        }
        case 0xc7:
            return (i32(4) * two_32 + u32(8)) * 1e3 + u32(0) / 1e6;
        default:
            return std::nullopt;
    }
}

/// Prints one value at the end of `out`. Elements and entries are written with a comma behind each,
/// and the last comma becomes the closing bracket: so entries can change places as they are.
class printer {
public:
    printer(std::string_view bytes, std::string& out, std::size_t first_number)
        : in_(bytes), out_(out), begin_(out.size()), first_number_(first_number) {}

    bool value(int depth) {
        token t;
        return in_.next(t) && print(t, depth);
    }
    /// Last of all: the attachments, numbered as they come in the text.
    void finish(std::vector<std::string>& attachments);
    [[nodiscard]] std::size_t position() const { return in_.position(); }

private:
    struct attachment {
        std::string_view bytes;
        std::size_t number_at;  ///< where in the text its number is
    };
    /// An entry of a map, or all entries before the first that is out of order.
    struct piece {
        std::uint64_t index;
        std::size_t text, text_end;
        std::size_t attachment, attachment_end;
    };

    bool print(const token& t, int depth);
    bool print_array(std::uint32_t size, int depth);
    bool print_map(std::uint32_t size, int depth);
    bool print_entry(int depth, std::uint64_t& index);
    bool print_key(const token& t);
    bool print_extension(const token& t);
    void print_binary(std::string_view bytes);
    void close(char bracket);
    void reorder(std::vector<piece>& pieces);
    void renumber();

    msgpack::reader in_;
    std::string& out_;
    std::size_t begin_;
    std::size_t first_number_;
    std::vector<attachment> attachments_;
    bool attachments_moved_ = false;
};

bool printer::print(const token& t, int depth) {
    switch (t.what) {
        case kind::nil:
            out_ += "null";
            return true;
        case kind::boolean:
            out_ += t.integer != 0 ? "true" : "false";
            return true;
        case kind::integer:
            append_js_number(out_, static_cast<double>(t.integer));
            return true;
        case kind::real:
            append_js_number(out_, t.real);
            return true;
        case kind::string:
            append_js_string(out_, t.bytes);
            return true;
        case kind::binary:
            print_binary(t.bytes);
            return true;
        case kind::array:
            return print_array(t.size, depth + 1);
        case kind::map:
            return print_map(t.size, depth + 1);
        case kind::extension:
            return print_extension(t);
    }
    return false;
}

bool printer::print_array(std::uint32_t size, int depth) {
    if (depth > max_depth) return false;
    out_ += '[';
    for (; size > 0; --size) {
        if (!value(depth)) return false;
        out_ += ',';
    }
    close(']');
    return true;
}

bool printer::print_map(std::uint32_t size, int depth) {
    if (depth > max_depth) return false;
    out_ += '{';
    const piece before{no_index, out_.size(), 0, attachments_.size(), 0};
    std::vector<piece> pieces;
    for (; size > 0; --size) {
        piece p{no_index, out_.size(), 0, attachments_.size(), 0};
        if (!print_entry(depth, p.index)) return false;
        if (pieces.empty() && p.index == no_index) continue;
        if (pieces.empty() && p.text != before.text) {
            pieces.push_back(before);
            pieces.back().text_end = p.text;
            pieces.back().attachment_end = p.attachment;
        }
        p.text_end = out_.size();
        p.attachment_end = attachments_.size();
        pieces.push_back(p);
    }
    reorder(pieces);
    close('}');
    return true;
}

bool printer::print_entry(int depth, std::uint64_t& index) {
    const auto begin = out_.size();
    const auto first_attachment = attachments_.size();
    token t;
    if (!in_.next(t) || !print_key(t)) return false;
    const auto key = std::string_view(out_).substr(begin + 1, out_.size() - begin - 3);
    index = array_index(key);
    // Setting it changes the prototype of notepack's object, which is not printed.
    const bool is_prototype = key == "__proto__";
    if (!in_.next(t) || !print(t, depth)) return false;
    out_ += ',';
    if (is_prototype || is_undefined(t)) {
        out_.resize(begin);
        attachments_.resize(first_attachment);
    }
    return true;
}

/// Whatever is a key becomes text. What no encoder writes, and would be `[object Object]` or the
/// like, is refused.
bool printer::print_key(const token& t) {
    switch (t.what) {
        case kind::string:
        case kind::binary:
            append_js_string(out_, t.bytes);
            break;
        case kind::nil:
        case kind::boolean:
        case kind::integer:
        case kind::real:
            if (t.what == kind::real && !std::isfinite(t.real)) return false;
            out_ += '"';
            print(t, 0);
            out_ += '"';
            break;
        default:
            return false;
    }
    out_ += ':';
    return true;
}

bool printer::print_extension(const token& t) {
    const bool variable_size = t.lead <= 0xc9;
    if (t.lead == 0xc7 && t.extension_type == -1 && t.bytes.size() != 12) return false;
    if (is_undefined(t)) {
        out_ += "null";
    } else if (const auto date = date_of(t)) {
        append_js_date(out_, *date);
    } else if (variable_size && t.extension_type == 0) {
        print_binary(t.bytes);  // notepack 2's ArrayBuffer
    } else {
        out_ += '[';
        append_js_number(out_, t.extension_type);
        out_ += ',';
        print_binary(t.bytes);
        out_ += ']';
    }
    return true;
}

void printer::print_binary(std::string_view bytes) {
    out_ += R"({"_placeholder":true,"num":)";
    const auto number_at = out_.size();
    append_js_number(out_, static_cast<double>(first_number_ + attachments_.size()));
    out_ += '}';
    attachments_.push_back({bytes, number_at});
}

void printer::close(char bracket) {
    if (out_.back() == ',') {
        out_.back() = bracket;
    } else {
        out_ += bracket;
    }
}

void printer::reorder(std::vector<piece>& pieces) {
    const auto by_index = [](const piece& a, const piece& b) { return a.index < b.index; };
    if (std::is_sorted(pieces.begin(), pieces.end(), by_index)) return;
    const auto text_begin = pieces.front().text;
    const auto first_attachment = pieces.front().attachment;
    std::stable_sort(pieces.begin(), pieces.end(), by_index);

    std::string text;
    text.reserve(out_.size() - text_begin);
    std::vector<attachment> moved;
    moved.reserve(attachments_.size() - first_attachment);
    for (const auto& p : pieces) {
        for (auto i = p.attachment; i < p.attachment_end; ++i) {
            const auto in_piece = attachments_[i].number_at - p.text;
            moved.push_back({attachments_[i].bytes, text_begin + text.size() + in_piece});
        }
        text.append(out_, p.text, p.text_end - p.text);
    }
    out_.replace(text_begin, std::string::npos, text);
    std::copy(moved.begin(), moved.end(),
              attachments_.begin() + static_cast<std::ptrdiff_t>(first_attachment));
    attachments_moved_ = attachments_moved_ || !moved.empty();
}

void printer::renumber() {
    std::string text;
    auto from = begin_;
    for (std::size_t i = 0; i < attachments_.size(); ++i) {
        text.append(out_, from, attachments_[i].number_at - from);
        append_js_number(text, static_cast<double>(first_number_ + i));
        from = out_.find('}', attachments_[i].number_at);
    }
    text.append(out_, from);
    out_.replace(begin_, std::string::npos, text);
}

void printer::finish(std::vector<std::string>& attachments) {
    if (attachments_moved_) renumber();
    for (const auto& a : attachments_) {
        attachments.emplace_back(a.bytes);
    }
}

}  // namespace

result<std::size_t> append_json(std::string_view bytes, std::string& out,
                                std::vector<std::string>& attachments) {
    const auto begin = out.size();
    printer p(bytes, out, attachments.size());
    if (!p.value(0)) {
        out.resize(begin);
        return errc::malformed;
    }
    p.finish(attachments);
    return p.position();
}

}  // namespace chat_gateway::socketio::cluster
