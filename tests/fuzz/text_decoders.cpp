// Base64 and the ids written in it, percent-encoding, query strings and UTF-8. The first byte says
// where a text is cut.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/base/query.hpp>
#include <chat_gateway/base/text.hpp>

#include <string>

using namespace chat_gateway;

namespace {

void check_base64(const std::string& text) {
    FUZZ_CHECK(base64_decode_lenient(base64_encode(text)) == text);
    FUZZ_CHECK(base64_decode_lenient(base64url_encode(text)) == text);
    FUZZ_CHECK(base64url_decode(base64url_encode(text)) == text);
    const auto lenient = base64_decode_lenient(text);
    FUZZ_CHECK(lenient.size() <= text.size());
    if (const auto strict = base64url_decode(text)) {
        FUZZ_CHECK(base64url_encode(*strict) == text && *strict == lenient);
    }
    const auto id = public_id::parse(text);
    FUZZ_CHECK(id.has_value() == (text.size() == public_id::text_size && base64url_decode(text)));
    if (id) FUZZ_CHECK(id->text() == text && public_id::parse(id->text()) == *id);
}

std::string percent_encoded(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789aBcDeF";
    std::string out;
    for (const char c : bytes) {
        out += '%';
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

void check_percent(const std::string& text) {
    if (const auto decoded = percent_decode(text)) {
        FUZZ_CHECK(is_valid_utf8(*decoded) && decoded->size() <= text.size());
    }
    const auto again = percent_decode(percent_encoded(text));
    FUZZ_CHECK(is_valid_utf8(text) ? again == text : !again);
}

void check_query(const std::string& text) {
    const auto found = query_value(text, "name");
    if (found) FUZZ_CHECK(found->size() <= text.size());
    FUZZ_CHECK(query_value("name=1&" + text, "name") == "1");
    FUZZ_CHECK(query_value(text + "&name=1", "name") == found.value_or("1"));
    FUZZ_CHECK(query_value("name=" + percent_encoded(text), "name") == text);
}

/// As frame_parser uses it: checked up to a cut, and from the last whole character before it.
void check_utf8(const std::string& text, std::size_t cut) {
    const auto whole = utf8_prefix(text);
    const auto first = utf8_prefix(std::string_view(text).substr(0, cut));
    if (whole) {
        FUZZ_CHECK(*whole <= text.size() && text.size() - *whole < 4);
        FUZZ_CHECK(is_valid_utf8(std::string_view(text).substr(0, *whole)));
        FUZZ_CHECK(first.has_value());
    }
    FUZZ_CHECK(is_valid_utf8(text) == (whole == text.size()));
    if (!first) return;
    const auto second = utf8_prefix(std::string_view(text).substr(*first));
    FUZZ_CHECK(whole.has_value() == second.has_value());
    if (second) FUZZ_CHECK(*first + *second == *whole);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::size_t cut = in.byte();
    const std::string text(in.rest());
    check_base64(text);
    check_percent(text);
    check_query(text);
    check_utf8(text, cut % (text.size() + 1));
    FUZZ_CHECK(iequals(text, text) && constant_time_equal(text, text));
    return 0;
}
