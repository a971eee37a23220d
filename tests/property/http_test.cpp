#include "property/generators.hpp"

#include <chat_gateway/http/body_reader.hpp>
#include <chat_gateway/http/head_scanner.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <variant>

namespace chat_gateway::http {
namespace {

using namespace property;

std::string any_of(std::string_view characters, std::size_t least, std::size_t most) {
    const auto size = *rc::gen::inRange<std::size_t>(least, most + 1);
    return *rc::gen::container<std::string>(size, rc::gen::elementOf(std::string(characters)));
}

constexpr std::string_view token = "abcXYZ019!#$%&'*+-.^_`|~";
constexpr std::string_view visible = "abcXYZ019!\"#%&'()*+,/:;<=>?@[]{}~\xc3\xa9";
constexpr std::string_view target = "abcXYZ019-._~%!$&'()*+,;=:@/";

request any_request() {
    request r;
    r.method = any_of("ABCDEFG", 1, 10);
    r.path = "/" + any_of(target, 0, 40);
    r.query = any_of(target, 0, 40);
    r.headers.push_back({"Host", "example.org:8080"});
    for (int due = *rc::gen::inRange(0, 6); due > 0; --due) {
        // In front an x, so that it is none of those that mean something to the parser.
        std::string value = any_of(visible, 0, 10);
        if (!value.empty()) value += *rc::gen::element<std::string>("", " ", "\t ") + "x";
        r.headers.push_back({"x" + any_of(token, 0, 10), value});
    }
    return r;
}

std::string written(const request& r) {
    const auto space = *rc::gen::element<std::string>("", " ", "\t  ");
    std::string text = r.method + ' ' + r.path + (r.query.empty() ? "" : "?" + r.query);
    text += " HTTP/1.1\r\n";
    for (const auto& h : r.headers)
        text += h.name + ':' + space + h.value + space + "\r\n";
    return text + "\r\n";
}

RC_GTEST_PROP(HttpHead, AnyRequestInAnyPiecesIsUnderstood, ()) {
    const auto sent = any_request();
    const auto text = written(sent);
    head_scanner scanner({});
    std::size_t known = 0;
    bool complete = false;
    for (const auto& piece : cut(text + "behind it", any_sizes())) {
        known += piece.size();
        complete = scanner.scan(std::string_view(text + "behind it").substr(0, known));
        RC_ASSERT(!scanner.fault());
        if (complete) break;
    }
    RC_ASSERT(complete);
    RC_ASSERT(scanner.begin() == 0U);
    RC_ASSERT(scanner.end() == text.size());
    const auto parsed = parse_head(text, {});
    RC_ASSERT(std::holds_alternative<request_head>(parsed));
    const auto& head = std::get<request_head>(parsed);
    RC_ASSERT(head.message.method == sent.method);
    RC_ASSERT(head.message.path == sent.path);
    RC_ASSERT(head.message.query == sent.query);
    RC_ASSERT((head.message.headers == sent.headers));
    RC_ASSERT(head.keep_alive);
    RC_ASSERT((head.framing == body_framing::none));
}

std::string chunk(std::string_view data) {
    std::string size(16, '\0');
    size.resize(static_cast<std::size_t>(std::snprintf(
        size.data(), size.size(), *rc::gen::arbitrary<bool>() ? "%zx" : "%04zX", data.size())));
    const auto extension = *rc::gen::element<std::string>("", ";a", ";a=\"b c\"");
    return size + extension + "\r\n" + std::string(data) + "\r\n";
}

RC_GTEST_PROP(HttpBody, AnyChunksInAnyPiecesAreJoined, ()) {
    const auto body = any_bytes(300);
    std::string text;
    for (const auto& piece : cut(body, any_sizes()))
        text += chunk(piece);
    text += *rc::gen::element<std::string>("0\r\n\r\n", "00\r\nX-Trailer: y\r\n\r\n");
    text += "next";

    request_head head;
    head.framing = body_framing::chunked;
    body_reader reader(head, body.size());
    std::string read;
    std::size_t taken = 0;
    auto progress = body_reader::progress::more;
    for (const auto& piece : cut(text, any_sizes())) {
        std::string_view rest = piece;
        progress = reader.feed(rest, read);
        taken += piece.size() - rest.size();
        if (progress != body_reader::progress::more) break;
    }
    RC_ASSERT((progress == body_reader::progress::complete));
    RC_ASSERT(read == body);
    RC_ASSERT(text.substr(taken) == "next");
}

}  // namespace
}  // namespace chat_gateway::http
