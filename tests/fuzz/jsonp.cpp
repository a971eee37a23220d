// JSONP polling: the form that a client posts, and a payload as the script that answers it.
#include "fuzz/fuzz.hpp"
#include "json_check.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/engineio/jsonp.hpp>

#include <string>

using namespace chat_gateway;
using namespace chat_gateway::engineio;

namespace {

/// As a client's form has it: `\n` as `\\n`, then a line feed as `\n`, then percent-encoded.
std::string form_of(std::string_view payload) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string escaped;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        if (payload.substr(i, 2) == "\\n") escaped += '\\';
        escaped += payload[i] == '\n' ? "\\n" : std::string(1, payload[i]);
    }
    std::string form = "x=y&d=";
    for (const char c : escaped) {
        form += '%';
        form += digits[static_cast<unsigned char>(c) >> 4];
        form += digits[static_cast<unsigned char>(c) & 15];
    }
    return form;
}

void check_script(std::string_view payload) {
    const auto script = encode_jsonp("12", payload);
    constexpr std::string_view begin = "___eio[12](";
    FUZZ_CHECK(script.starts_with(begin) && script.ends_with(");"));
    const auto literal =
        std::string_view(script).substr(begin.size(), script.size() - begin.size() - 2);
    for (const char c : literal)
        FUZZ_CHECK(static_cast<unsigned char>(c) >= 0x20);
    FUZZ_CHECK(literal.find("\xe2\x80\xa8") == literal.npos);
    FUZZ_CHECK(literal.find("\xe2\x80\xa9") == literal.npos);
    if (!is_valid_utf8(payload)) return;
    const auto read = socketio::check_json("[" + std::string(literal) + "]", 0);
    FUZZ_CHECK(read && read->first == socketio::json_kind::string && read->name == payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::input(data, size).rest();
    const auto payload = decode_jsonp(text);
    if (payload) {
        FUZZ_CHECK(payload->size() <= text.size());
        check_script(*payload);
    }
    check_script(text);
    // A backslash before a line feed looks as an escaped one: the protocol cannot tell them apart.
    if (text.find("\\\n") == text.npos) FUZZ_CHECK(decode_jsonp(form_of(text)) == text);
    return 0;
}
