// The heads of HTTP requests, whole and in pieces.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/http/head_scanner.hpp>
#include <chat_gateway/http/request_head.hpp>

#include <algorithm>
#include <string>
#include <variant>

using namespace chat_gateway;
using namespace chat_gateway::http;

namespace {

constexpr head_limits limits{.bytes = 1024, .target = 200, .fields = 8};

struct found {
    std::optional<head_fault> fault;
    std::size_t begin = 0;
    std::size_t end = 0;  ///< 0: not yet
    bool operator==(const found&) const = default;
};

found scan(std::string_view bytes, const std::vector<std::size_t>& sizes) {
    head_scanner scanner(limits);
    std::size_t known = 0;
    for (std::size_t turn = 0; known < bytes.size(); ++turn) {
        known = std::min(bytes.size(), known + sizes[turn % sizes.size()]);
        if (scanner.scan(bytes.substr(0, known)))
            return {.fault = {}, .begin = scanner.begin(), .end = scanner.end()};
        if (scanner.fault()) return {.fault = scanner.fault()};
    }
    return {};
}

std::ptrdiff_t count(const request& r, std::string_view name) {
    return std::count_if(r.headers.begin(), r.headers.end(),
                         [&](const header& h) { return iequals(h.name, name); });
}

bool is_plain(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void check_accepted(const request_head& head) {
    const auto& r = head.message;
    FUZZ_CHECK(!r.method.empty() && (r.path.starts_with('/') || r.path == "*"));
    FUZZ_CHECK(r.path.find('?') == r.path.npos && is_plain(r.path) && is_plain(r.query));
    FUZZ_CHECK(r.headers.size() <= limits.fields + 1);  // an absolute target's Host may come on top
    for (const auto& h : r.headers)
        FUZZ_CHECK(!h.name.empty() && is_plain(h.name) && is_plain(h.value));
    // Whoever reads it before or behind us sees the same end of the body.
    const auto lengths = count(r, "Content-Length");
    const auto codings = count(r, "Transfer-Encoding");
    FUZZ_CHECK(lengths + codings == (head.framing == body_framing::none ? 0 : 1));
    FUZZ_CHECK(codings == (head.framing == body_framing::chunked ? 1 : 0));
    FUZZ_CHECK(count(r, "Host") <= 1);
    FUZZ_CHECK(!r.upgrade || r.has("Upgrade"));
}

/// Written out, an accepted request is read as the same one.
void check_again(const request_head& head) {
    const auto& r = head.message;
    std::string text = r.method + ' ' + r.path;
    if (!r.query.empty()) text += '?' + r.query;
    text += r.has("Host") ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n";
    for (const auto& h : r.headers)
        text += h.name + ':' + h.value + "\r\n";
    const auto again = parse_head(text + "\r\n", limits);
    const auto* same = std::get_if<request_head>(&again);
    if (same == nullptr) {
        // An expectation that HTTP/1.0 does not know, or a target that is longer without its host.
        FUZZ_CHECK(std::get<head_fault>(again).status == 417);
        return;
    }
    FUZZ_CHECK(same->message.path == r.path && same->message.query == r.query);
    FUZZ_CHECK(same->message.headers == r.headers);
    FUZZ_CHECK(same->framing == head.framing && same->length == head.length);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto sizes = in.piece_sizes();
    const auto bytes = in.rest();
    const auto whole = scan(bytes, {bytes.size() + 1});
    FUZZ_CHECK(scan(bytes, sizes) == whole);
    if (whole.end == 0) {
        FUZZ_CHECK(whole.fault ? whole.fault->status >= 400 : bytes.size() <= limits.bytes + 2);
        return 0;
    }
    FUZZ_CHECK(whole.begin < whole.end && whole.end <= bytes.size());
    const auto text = bytes.substr(whole.begin, whole.end - whole.begin);
    FUZZ_CHECK(text.ends_with("\r\n\r\n") && text.find("\r\n\r\n") == text.size() - 4);
    FUZZ_CHECK(text.size() <= limits.bytes);
    const auto head = parse_head(text, limits);
    if (const auto* accepted = std::get_if<request_head>(&head)) {
        check_accepted(*accepted);
        check_again(*accepted);
    } else {
        const auto fault = std::get<head_fault>(head);
        FUZZ_CHECK(fault.status >= 400 && fault.status < 600 && !fault.why.empty());
    }
    return 0;
}
