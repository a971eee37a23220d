#include <chat_gateway/http/body_reader.hpp>

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace chat_gateway::http {
namespace {

using progress = body_reader::progress;

constexpr std::size_t limit = 1000;

struct result {
    progress how = progress::more;
    std::string body;
    std::string left;
    bool operator==(const result&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const result& r) {
        return out << static_cast<int>(r.how) << " `" << r.body << "` + `" << r.left << '`';
    }
};

result read(const request_head& head, const std::string& bytes, std::size_t step) {
    body_reader reader(head, limit);
    result r;
    for (std::size_t n = 0; n < bytes.size() && r.how == progress::more; n += step) {
        std::string_view piece = std::string_view(bytes).substr(n, step);
        r.how = reader.feed(piece, r.body);
        r.left = std::string(piece) + bytes.substr(std::min(bytes.size(), n + step));
    }
    return r;
}

request_head chunked() {
    request_head h;
    h.framing = body_framing::chunked;
    return h;
}

result read_chunks(const std::string& bytes) {
    const result whole = read(chunked(), bytes, bytes.size());
    const result pieces = read(chunked(), bytes, 1);
    EXPECT_EQ(whole.how, pieces.how) << bytes;
    if (whole.how == progress::complete) {
        EXPECT_EQ(whole, pieces) << bytes;
    }
    return whole;
}

TEST(BodyReader, LengthCountsBytesAndLeavesTheRest) {
    request_head h;
    h.framing = body_framing::length;
    h.length = 5;
    EXPECT_EQ(read(h, "4hellGET", 3), (result{progress::complete, "4hell", "GET"}));
    EXPECT_EQ(read(h, "4hel", 2), (result{progress::more, "4hel", ""}));
    h.length = limit;
    EXPECT_EQ(read(h, std::string(limit, 'x'), limit).how, progress::complete);
    h.length = limit + 1;
    EXPECT_EQ(read(h, "x", 1), (result{progress::too_large, "", "x"}));
}

TEST(BodyReader, ChunksAreJoined) {
    EXPECT_EQ(read_chunks("3\r\n4ch\r\n00A\r\n0123456789\r\n0\r\n\r\nGET"),
              (result{progress::complete, "4ch0123456789", "GET"}));
    EXPECT_EQ(read_chunks("0\r\n\r\n"), (result{progress::complete, "", ""}));
    EXPECT_EQ(read_chunks("2\r\n\r\n\r\n0\r\n\r\n"), (result{progress::complete, "\r\n", ""}));
}

TEST(BodyReader, ExtensionsAndTrailersAreDropped) {
    EXPECT_EQ(read_chunks("1;a=\"b\";c\r\nx\r\n0;d\r\nA: b\r\nContent-Length: 9\r\n\r\n").body,
              "x");
}

TEST(BodyReader, IncompleteWaitsForMore) {
    for (const char* bytes :
         {"3", "3\r", "3\r\n", "3\r\nab", "3\r\nabc", "3\r\nabc\r\n", "0\r\n", "0\r\nA: b\r\n\r"})
        EXPECT_EQ(read_chunks(bytes).how, progress::more) << bytes;
}

TEST(BodyReader, OddChunksAreMalformed) {
    for (const char* bytes : {"\r\n",
                              "x\r\n",
                              "-1\r\n",
                              "+1\r\n",
                              " 1\r\n",
                              "1 \r\n",
                              "1 ;a\r\n",
                              "0x1\r\n",
                              "1\n",
                              "1\rx",
                              "1\r\r\n",
                              "1;a\x01\r\n",
                              "1;a\nx\r\n",
                              "10000000000000000\r\n",
                              "fffffffffffffffff\r\n",
                              "1\r\nx0\r\n\r\n",
                              "1\r\nxy\r\n0\r\n\r\n",
                              "1\r\nx\n0\r\n\r\n",
                              "1\r\nx\r0\r\n\r\n",
                              "0\r\nA\r\n\r\n",
                              "0\r\n: b\r\n\r\n",
                              "0\r\nA : b\r\n\r\n",
                              "0\r\n A: b\r\n\r\n",
                              "0\r\nA: b\n\r\n",
                              "0\r\nA: \x02\r\n\r\n",
                              "0\r\n\n"})
        EXPECT_EQ(read_chunks(bytes).how, progress::malformed) << bytes;
}

TEST(BodyReader, DataOverTheLimitIsKnownFromTheSizeLine) {
    EXPECT_EQ(read_chunks("3e8\r\n").how, progress::more);
    EXPECT_EQ(read_chunks("3e9\r\n").how, progress::too_large);
    EXPECT_EQ(read_chunks("ffffffffffffffff\r\n").how, progress::too_large);
    EXPECT_EQ(read_chunks("3e7\r\n" + std::string(999, 'x') + "\r\n2\r\n").how,
              progress::too_large);
    EXPECT_EQ(read_chunks("3e7\r\n" + std::string(999, 'x') + "\r\n1\r\ny\r\n0\r\n\r\n").how,
              progress::complete);
}

TEST(BodyReader, WhatIsNoDataIsBounded) {
    const std::string size_line = "1;" + std::string(body_reader::max_size_line - 2, 'a');
    EXPECT_EQ(read_chunks(size_line + "\r\nx\r\n0\r\n\r\n").how, progress::complete);
    EXPECT_EQ(read_chunks(size_line + "a").how, progress::malformed);
    EXPECT_EQ(read_chunks(std::string(body_reader::max_size_line + 1, '0')).how,
              progress::malformed);

    std::string many;
    for (int n = 0; n < 20; ++n)
        many += size_line + "\r\nx\r\n";
    EXPECT_EQ(read_chunks(many).how, progress::malformed);

    std::string trailers = "0\r\n";
    for (std::size_t n = 0; n < body_reader::max_trailer_bytes / 8; ++n)
        trailers += "A: bcd\r\n";
    EXPECT_EQ(read_chunks(trailers + "\r\n").how, progress::complete);
    EXPECT_EQ(read_chunks(trailers + "A: b\r\n").how, progress::malformed);
    EXPECT_EQ(read_chunks("0\r\nA: " + std::string(5000, 'b')).how, progress::malformed);
}

}  // namespace
}  // namespace chat_gateway::http
