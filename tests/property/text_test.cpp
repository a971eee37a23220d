#include "property/generators.hpp"

#include <chat_gateway/base/query.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/cookies.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <set>

namespace chat_gateway {
namespace {

using namespace property;

/// All of it, or only what has to be.
std::string percent_encoded(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const bool all = *rc::gen::arbitrary<bool>();
    std::string out;
    for (const char c : bytes) {
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
        if (plain && !all) {
            out += c;
            continue;
        }
        out += '%';
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

RC_GTEST_PROP(Base64, BothAlphabetsComeBack, ()) {
    const auto bytes = any_bytes();
    RC_ASSERT(base64_decode_lenient(base64_encode(bytes)) == bytes);
    RC_ASSERT(base64_decode_lenient(base64url_encode(bytes)) == bytes);
    RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes);
    std::string appended = "b";
    base64_append(appended, bytes);
    RC_ASSERT(appended == "b" + base64_encode(bytes));
}

RC_GTEST_PROP(PercentDecode, TextsComeBackAndOtherBytesDoNot, ()) {
    const auto text = any_text();
    RC_ASSERT(percent_decode(percent_encoded(text)) == text);
    const auto bytes = any_bytes();
    RC_ASSERT(percent_decode(percent_encoded(bytes)).has_value() == is_valid_utf8(bytes));
}

struct pair {
    std::string name, value;
};

/// Names that differ, so that there is one answer for each.
std::vector<pair> any_pairs() {
    std::set<std::string> names;
    std::vector<pair> pairs;
    for (int due = *rc::gen::inRange(0, 6); due > 0; --due) {
        const auto name = any_text(4);
        if (names.insert(name).second) pairs.push_back({name, any_text()});
    }
    return pairs;
}

RC_GTEST_PROP(QueryValue, EveryPairIsFound, ()) {
    const auto pairs = any_pairs();
    std::string query;
    for (const auto& p : pairs)
        query += percent_encoded(p.name) + '=' + percent_encoded(p.value) + '&';
    for (const auto& p : pairs)
        RC_ASSERT(query_value(query, p.name) == p.value);
    RC_ASSERT(!query_value(query, "longer than every name"));
    RC_ASSERT(query_value(query + "longer%20than+every name=1", "longer than every name") == "1");
}

RC_GTEST_PROP(CookieValue, EveryCookieIsFound, ()) {
    const auto pairs = any_pairs();
    std::string header;
    std::vector<pair> sent;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const bool quoted = *rc::gen::arbitrary<bool>();
        const auto space = *rc::gen::element<std::string>("", " ", "\t ");
        const auto value = percent_encoded(pairs[i].value);
        sent.push_back({"c" + std::to_string(i), pairs[i].value});
        header += space + sent.back().name + space + '=' + space +
                  (quoted ? '"' + value + '"' : value) + space + ';';
    }
    for (const auto& p : sent)
        RC_ASSERT(http::cookie_value(header, p.name) == p.value);
    RC_ASSERT(!http::cookie_value(header, "c"));
}

/// The code points of RFC 3629, read one by one; nullopt if it is not UTF-8.
std::optional<std::size_t> count_characters(std::string_view bytes) {
    std::size_t count = 0;
    while (!bytes.empty()) {
        const auto lead = static_cast<unsigned char>(bytes[0]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (lead >= 0x80 && lead < 0xc0) return std::nullopt;
        if (bytes.size() < length) return std::nullopt;
        char32_t c = length == 1 ? lead : lead & (0xffU >> (length + 1));
        for (std::size_t i = 1; i < length; ++i) {
            const auto next = static_cast<unsigned char>(bytes[i]);
            if ((next & 0xc0) != 0x80) return std::nullopt;
            c = c << 6 | (next & 0x3f);
        }
        if (lead >= 0xf8 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return std::nullopt;
        if (utf8(c).size() != length) return std::nullopt;
        bytes.remove_prefix(length);
        ++count;
    }
    return count;
}

/// Texts with something wrong in them now and then: a byte, or a form that only the ranges of
/// second bytes rule out (overlong, surrogates, past U+10FFFF).
std::string nearly_text() {
    auto text = any_text();
    const int fault = *rc::gen::inRange(0, 3);
    if (fault == 1 && !text.empty()) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        text[at] = *rc::gen::arbitrary<char>();
    }
    if (fault == 2) {
        text += *rc::gen::element<std::string>(
            "\xc0\xaf", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
            "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
            "\x80", "\xe2\x82", "\xf0\x9f\x98");
        text += any_text(3);
    }
    return text;
}

RC_GTEST_PROP(Utf8, ValidIsWhatCanBeReadCharacterByCharacter, ()) {
    const auto text = nearly_text();
    RC_ASSERT(is_valid_utf8(text) == count_characters(text).has_value());
}

RC_GTEST_PROP(Utf8, AnyCutsGiveTheSameAnswer, ()) {
    const auto text = nearly_text();
    std::size_t checked = 0;
    std::size_t known = 0;
    bool valid = true;
    for (const auto& piece : cut(text, any_sizes())) {
        known += piece.size();
        const auto more = utf8_prefix(std::string_view(text).substr(checked, known - checked));
        valid = more.has_value();
        if (!valid) break;
        checked += *more;
        RC_ASSERT(count_characters(std::string_view(text).substr(0, checked)).has_value());
        RC_ASSERT(known - checked < 4);
    }
    RC_ASSERT((valid && checked == text.size()) == is_valid_utf8(text));
}

}  // namespace
}  // namespace chat_gateway
