#include <chat_gateway/http/head_scanner.hpp>
#include <chat_gateway/http/request_head.hpp>

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::http {
namespace {

using outcome = std::variant<request_head, head_fault>;

/// As a connection does it, fed in pieces of `step` bytes. Status 0: more is waited for.
outcome read(const std::string& bytes, std::size_t step, const head_limits& limits = {}) {
    head_scanner scanner(limits);
    for (std::size_t n = 0; n < bytes.size();) {
        n = std::min(bytes.size(), n + step);
        const auto so_far = std::string_view(bytes).substr(0, n);
        if (scanner.scan(so_far)) {
            return parse_head(so_far.substr(scanner.begin(), scanner.end() - scanner.begin()),
                              limits);
        }
        if (scanner.fault()) return *scanner.fault();
    }
    return head_fault{0, "unfinished"};
}
outcome read(const std::string& bytes, const head_limits& limits = {}) {
    return read(bytes, bytes.size(), limits);
}

unsigned status_of(const outcome& o) {
    const auto* fault = std::get_if<head_fault>(&o);
    return fault ? fault->status : 200;
}

request_head accepted(const std::string& bytes) {
    auto o = read(bytes);
    if (const auto* fault = std::get_if<head_fault>(&o)) {
        ADD_FAILURE() << fault->status << ' ' << fault->why << ": " << bytes;
        return {};
    }
    return std::get<request_head>(std::move(o));
}

/// With a request line and a Host around the fields.
std::string with(const std::string& fields, const std::string& version = "1.1") {
    return "POST /ws/ HTTP/" + version + "\r\nHost: h\r\n" + fields + "\r\n";
}

TEST(RequestHead, IsTakenApart) {
    const auto h = accepted(
        "GET /ws/?EIO=4&t=a?b HTTP/1.1\r\nHost: gateway.test:7000\r\nx-Empty:\r\n"
        "X-Spaces: \t two words\t \r\nX-Latin: caf\xe9\r\n\r\n");
    EXPECT_EQ(h.message.method, "GET");
    EXPECT_EQ(h.message.path, "/ws/");
    EXPECT_EQ(h.message.query, "EIO=4&t=a?b");
    EXPECT_EQ(h.message.headers, (std::vector<header>{{"Host", "gateway.test:7000"},
                                                      {"x-Empty", ""},
                                                      {"X-Spaces", "two words"},
                                                      {"X-Latin", "caf\xe9"}}));
    EXPECT_EQ(h.framing, body_framing::none);
    EXPECT_TRUE(h.keep_alive);
    EXPECT_FALSE(h.expects_continue);
    EXPECT_FALSE(h.message.upgrade);
}

TEST(RequestHead, LengthAndChunkedAreTheTwoFramings) {
    const auto length = accepted(with("Content-Length: 0005\r\n"));
    EXPECT_EQ(length.framing, body_framing::length);
    EXPECT_EQ(length.length, 5U);
    EXPECT_EQ(accepted(with("Content-Length: 18446744073709551615\r\n")).length, ~std::uint64_t{0});
    EXPECT_EQ(accepted(with("Transfer-Encoding: CHUNKED\r\n")).framing, body_framing::chunked);
}

TEST(RequestHead, ConnectionOptionsDecideWhetherItIsKept) {
    EXPECT_FALSE(accepted(with("Connection: close\r\n")).keep_alive);
    EXPECT_FALSE(accepted(with("Connection: keep-alive\r\nConnection: x, Close\r\n")).keep_alive);
    EXPECT_TRUE(accepted(with("Connection: keep-alive\r\n")).keep_alive);
    EXPECT_FALSE(accepted(with("", "1.0")).keep_alive);
    EXPECT_TRUE(accepted(with("Connection: Keep-Alive\r\n", "1.0")).keep_alive);
    EXPECT_FALSE(accepted(with("Connection: keep-alive, close\r\n", "1.0")).keep_alive);
}

TEST(RequestHead, UpgradeNeedsBothFieldsAndHttp11) {
    EXPECT_TRUE(accepted(with("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"))
                    .message.upgrade);
    EXPECT_FALSE(accepted(with("Upgrade: websocket\r\n")).message.upgrade);
    EXPECT_FALSE(accepted(with("Connection: upgrade\r\n")).message.upgrade);
    EXPECT_FALSE(
        accepted(with("Connection: upgrade\r\nUpgrade: websocket\r\n", "1.0")).message.upgrade);
}

TEST(RequestHead, ExpectationIsKnownOrRefused) {
    EXPECT_TRUE(accepted(with("Expect: 100-Continue\r\n")).expects_continue);
    EXPECT_EQ(status_of(read(with("Expect: 200-ok\r\n"))), 417U);
    EXPECT_FALSE(accepted(with("Expect: 100-continue\r\n", "1.0")).expects_continue);
}

TEST(RequestHead, AbsoluteTargetReplacesTheHost) {
    const auto h =
        accepted("GET HTTP://other.test:81?a=b HTTP/1.1\r\nA: b\r\nHost: h\r\n\r\n").message;
    EXPECT_EQ(h.path, "/");
    EXPECT_EQ(h.query, "a=b");
    EXPECT_EQ(h.get("Host"), "other.test:81");
    EXPECT_EQ(h.headers.size(), 2U);
    EXPECT_EQ(accepted("GET https://o.test/x HTTP/1.0\r\n\r\n").message.get("Host"), "o.test");
    EXPECT_EQ(accepted("GET http://[::1]:7000/x HTTP/1.1\r\nHost:\r\n\r\n").message.get("Host"),
              "[::1]:7000");
}

TEST(RequestHead, AsteriskIsForOptions) {
    EXPECT_EQ(accepted("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").message.path, "*");
    EXPECT_EQ(status_of(read("GET * HTTP/1.1\r\nHost: h\r\n\r\n")), 400U);
}

TEST(RequestHead, OneEmptyLineInFrontIsSkipped) {
    EXPECT_EQ(accepted("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n").message.method, "GET");
    EXPECT_EQ(status_of(read("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")), 400U);
    EXPECT_EQ(status_of(read("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")), 400U);
}

struct refusal_case {
    const char* name;
    std::string bytes;
    unsigned status = 400;
    friend void PrintTo(const refusal_case& c, std::ostream* out) { *out << c.bytes; }
};

class RefusedHead : public testing::TestWithParam<refusal_case> {};

TEST_P(RefusedHead, IsRefusedHoweverItIsCut) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100000}}) {
        const auto o = read(GetParam().bytes, step);
        EXPECT_EQ(status_of(o), GetParam().status) << "in pieces of " << step;
    }
}

const refusal_case refused[] = {
    {"two_lengths", with("Content-Length: 1\r\nContent-Length: 2\r\n")},
    {"two_equal_lengths", with("Content-Length: 1\r\nContent-Length: 1\r\n")},
    {"length_list", with("Content-Length: 5, 5\r\n")},
    {"length_then_coding", with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")},
    {"coding_then_length", with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")},
    {"length_with_plus", with("Content-Length: +5\r\n")},
    {"length_negative", with("Content-Length: -5\r\n")},
    {"length_hex", with("Content-Length: 0x5\r\n")},
    {"length_empty", with("Content-Length:\r\n")},
    {"length_with_text_behind", with("Content-Length: 5 x\r\n")},
    {"length_overflow", with("Content-Length: 18446744073709551616\r\n")},
    {"coding_unknown", with("Transfer-Encoding: gzip\r\n")},
    {"coding_identity", with("Transfer-Encoding: identity\r\n")},
    {"coding_list", with("Transfer-Encoding: gzip, chunked\r\n")},
    {"coding_behind_chunked", with("Transfer-Encoding: chunked, gzip\r\n")},
    {"coding_twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")},
    {"coding_twice_in_a_list", with("Transfer-Encoding: chunked, chunked\r\n")},
    {"coding_quoted", with("Transfer-Encoding: \"chunked\"\r\n")},
    {"coding_with_vertical_tab", with("Transfer-Encoding: \vchunked\r\n")},
    {"coding_in_http_1_0", with("Transfer-Encoding: chunked\r\n", "1.0")},
    {"line_feed_alone_in_request_line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
    {"line_feed_alone_in_fields", with("A: b\nC: d\r\n")},
    {"line_feed_alone_at_the_end", "GET / HTTP/1.1\r\nHost: h\r\n\n"},
    {"carriage_return_alone", with("A: b\rC: d\r\n")},
    {"carriage_return_twice", with("A: b\r\r\n")},
    {"carriage_return_at_the_end", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n"},
    {"folded_field", with("A: b\r\n c\r\n")},
    {"folded_with_tab", with("A: b\r\n\tc\r\n")},
    {"folded_first_field", "GET / HTTP/1.1\r\n Host: h\r\nHost: h\r\n\r\n"},
    {"space_before_the_colon", with("Content-Length : 5\r\n")},
    {"tab_before_the_colon", with("A\t: 5\r\n")},
    {"name_empty", with(": x\r\n")},
    {"name_with_space", with("A b: x\r\n")},
    {"name_with_separator", with("A(b): x\r\n")},
    {"name_above_ascii", with("caf\xe9: x\r\n")},
    {"no_colon", with("Bad\r\n")},
    {"nul_in_value", with(std::string("A: b\0c\r\n", 8))},
    {"nul_in_name", with(std::string("A\0b: c\r\n", 8))},
    {"control_in_value", with("A: b\x01\r\n")},
    {"delete_in_value", with("A: b\x7f\r\n")},
    {"no_host", "GET / HTTP/1.1\r\nA: b\r\n\r\n"},
    {"no_field_at_all", "GET / HTTP/1.1\r\n\r\n"},
    {"two_hosts", with("Host: h\r\n")},
    {"two_hosts_in_http_1_0", with("Host: other\r\n", "1.0")},
    {"host_list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
    {"host_with_path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
    {"host_with_user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
    {"no_version", "GET /\r\n\r\n"},
    {"http_0_9", "GET / HTTP/0.9\r\n\r\n", 505},
    {"http_1_2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"http_2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"http_9_9", "GET / HTTP/9.9\r\n\r\n", 505},
    {"http_11", "GET / HTTP/11\r\nHost: h\r\n\r\n"},
    {"http_lower_case", "GET / http/1.1\r\nHost: h\r\n\r\n"},
    {"version_with_space_behind", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"},
    {"no_target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"two_targets", "GET / /b HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"tab_in_request_line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"target_without_slash", "GET ws HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"target_with_control", "GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"target_above_ascii", "GET /caf\xe9 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"target_with_fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"authority_form", "CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"absolute_of_another_scheme", "GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"absolute_without_authority", "GET http:///a HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"absolute_with_user", "GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"method_empty", " / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"method_with_separator", "G(ET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"method_too_long", std::string(33, 'A') + " / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"method_alone", "GET\r\n\r\n"},
    {"tls_client_hello", std::string("\x16\x03\x01\x02\x00\x01", 6)},
    {"target_too_long", "GET /" + std::string(8 * 1024, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
    {"target_without_end", "GET /" + std::string(9 * 1024, 'x'), 414},
    {"head_too_long", with("A: " + std::string(16 * 1024, 'x') + "\r\n"), 431},
    {"head_without_end", "GET / HTTP/1.1\r\nA: " + std::string(17 * 1024, 'x'), 431},
};
INSTANTIATE_TEST_SUITE_P(All, RefusedHead, testing::ValuesIn(refused),
                         [](const auto& tested) { return std::string(tested.param.name); });

TEST(RequestHead, LimitsAreExact) {
    const auto fields = [](std::size_t n) {
        std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
        while (--n > 0)
            text += "A: b\r\n";
        return text + "\r\n";
    };
    EXPECT_EQ(status_of(read(fields(100))), 200U);
    EXPECT_EQ(status_of(read(fields(101))), 431U);

    const auto target = [](std::size_t n) {
        return "GET /" + std::string(n - 1, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n";
    };
    EXPECT_EQ(status_of(read(target(8 * 1024))), 200U);
    EXPECT_EQ(status_of(read(target(8 * 1024 + 1))), 414U);

    const std::string frame = with("A: \r\n");
    const auto head = [&](std::size_t n) {
        return with("A: " + std::string(n - frame.size(), 'x') + "\r\n");
    };
    EXPECT_EQ(status_of(read(head(16 * 1024))), 200U);
    EXPECT_EQ(status_of(read(head(16 * 1024 + 1))), 431U);
}

TEST(RequestHead, EndsWhereTheEmptyLineIs) {
    const std::string one = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    head_scanner scanner{head_limits{}};
    ASSERT_TRUE(scanner.scan("\r\n" + one + "behind it"));
    EXPECT_EQ(scanner.begin(), 2U);
    EXPECT_EQ(scanner.end(), 2 + one.size());
}

}  // namespace
}  // namespace chat_gateway::http
