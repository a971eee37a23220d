#include <chat_gateway/http/content_coding.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

namespace {

using namespace chat_gateway::http;
using enum content_coding;

/// Reads both forms by their headers.
std::string decode(const std::string& bytes) {
    z_stream z{};
    if (inflateInit2(&z, MAX_WBITS + 32) != Z_OK) throw std::runtime_error("no zlib");
    std::string out(64 * 1024, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<uInt>(bytes.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&z, Z_FINISH);
    out.resize(z.total_out);
    inflateEnd(&z);
    if (result != Z_STREAM_END || z.avail_in != 0) throw std::runtime_error("not whole");
    return out;
}

struct choice {
    const char* header;
    content_coding expected;
};

TEST(ContentCoding, TheClientsPreferenceCounts) {
    for (const auto& [header, expected] : std::vector<choice>{
             {"gzip", gzip},
             {"deflate", deflate},
             {"gzip, deflate", gzip},
             {"deflate, gzip", deflate},
             {"gzip, deflate, br, zstd", gzip},
             {"br, deflate , gzip", deflate},
             {"*", gzip},
             {"br, *", gzip},
             {"GZIP", gzip},
             {"x-gzip", gzip},
             {"gzip;q=0.5, deflate", deflate},
             {"gzip;q=0.5, deflate;q=0.501", deflate},
             {"deflate;q=0.8, gzip;q=0.8", deflate},
             {"gzip ; q=0.1", gzip},
             {"gzip;Q=1.000", gzip},
             {"gzip;foo=1;q=0.2, deflate;q=0.3", deflate},
             {"gzip;q=0.5, *", deflate},
             {"gzip;q=0, *", deflate},
             {"deflate;q=0, *", gzip},
             {"*, deflate", deflate},
             {"*;q=0, deflate", deflate},
             {"deflate;q=0.001", deflate},
             {"identity, gzip", gzip},
             {"identity;q=0, gzip;q=0.1", gzip},
             {",, gzip ,", gzip},
         }) {
        EXPECT_EQ(preferred_coding(header), expected) << header;
    }
}

TEST(ContentCoding, WithoutLeaveTheBodyStaysPlain) {
    for (const auto* header : {"",
                               " ",
                               ",",
                               "br",
                               "br, zstd",
                               "identity",
                               "gzip;q=0",
                               "gzip;q=0.0, deflate;q=0.000",
                               "*;q=0",
                               "gzip;q=0, deflate;q=0, *",
                               "br, *;q=0",
                               "gzipped",
                               "gzip;q=2",
                               "gzip;q=-1",
                               "gzip;q=x",
                               "gzip;q=",
                               "gzip;q=0.1234",
                               "gzip;q=1.001",
                               "gzip;q=.5",
                               "gzip;q=1x",
                               "identity, gzip;q=0.5",
                               "identity;q=0.9, *;q=0.5"}) {
        EXPECT_EQ(preferred_coding(header), identity) << header;
    }
}

RC_GTEST_PROP(ContentCoding, AnyHeaderGivesAnAnswer, ()) {
    const auto part = rc::gen::element<std::string>("gzip", "deflate", "*", ";", ",", "q=", "0",
                                                    "1", ".", "5", " ", "identity", "\xff");
    const auto parts = *rc::gen::container<std::vector<std::string>>(part);
    std::string header;
    for (const auto& p : parts)
        header += p;
    const auto chosen = preferred_coding(header);
    RC_ASSERT(chosen == identity || header.find('*') != std::string::npos ||
              header.find(chosen == gzip ? "gzip" : "deflate") != std::string::npos);
}

TEST(ContentCoding, GzipAndZlibFormats) {
    const std::string text(3000, 'x');
    const auto as_gzip = encode(text, gzip);
    EXPECT_EQ(as_gzip.substr(0, 3), "\x1f\x8b\x08");
    EXPECT_EQ(decode(as_gzip), text);
    const auto as_zlib = encode(text, deflate);
    EXPECT_EQ(as_zlib.substr(0, 2), "\x78\x9c");  // RFC 1950, not raw DEFLATE
    EXPECT_EQ(decode(as_zlib), text);
    EXPECT_EQ(encode(text, identity), text);
}

RC_GTEST_PROP(ContentCoding, RoundTrip, ()) {
    const auto unit = *rc::gen::container<std::string>(rc::gen::arbitrary<char>());
    const auto times = *rc::gen::inRange(0, 100);
    std::string text;
    for (int i = 0; i < times; ++i)
        text += unit;
    const auto coding = *rc::gen::element(gzip, deflate);
    RC_ASSERT(decode(encode(text, coding)) == text);
}

TEST(ContentCoding, TheAnswerSaysWhatItIs) {
    response r;
    r.body = std::string(2000, 'a');
    encode_content(r, deflate);
    EXPECT_EQ(r.headers,
              (std::vector<header>{{"Vary", "Accept-Encoding"}, {"Content-Encoding", "deflate"}}));
    EXPECT_EQ(decode(r.body), std::string(2000, 'a'));
    response plain;
    plain.body = "b";
    encode_content(plain, identity);
    EXPECT_EQ(plain.headers, (std::vector<header>{{"Vary", "Accept-Encoding"}}));
    EXPECT_EQ(plain.body, "b");
}

}  // namespace
