#include <chat_gateway/http/message.hpp>

#include <gtest/gtest.h>

namespace {

using namespace chat_gateway::http;

request with(std::vector<header> headers) {
    request r;
    r.headers = std::move(headers);
    return r;
}

TEST(Request, FindsHeadersWhateverTheirCase) {
    const auto r = with({{"Host", "a"}, {"COOKIE", "b"}});
    EXPECT_EQ(r.get("host"), "a");
    EXPECT_EQ(r.get("Cookie"), "b");
    EXPECT_TRUE(r.has("cookie"));
}

TEST(Request, TheFirstOfManyCounts) {
    EXPECT_EQ(with({{"X", "1"}, {"x", "2"}}).get("X"), "1");
}

TEST(Request, AbsentHeaderIsEmpty) {
    const auto r = with({{"Hosts", "a"}, {"Empty", ""}});
    EXPECT_EQ(r.get("Host"), "");
    EXPECT_FALSE(r.has("Host"));
    EXPECT_TRUE(r.has("Empty"));
}

TEST(Response, SetAppendsInOrder) {
    response answer;
    answer.set("A", "1").set("B", "2");
    EXPECT_EQ(answer.headers, (std::vector<header>{{"A", "1"}, {"B", "2"}}));
}

TEST(ReasonPhrase, NamesTheStatusesOfAGateway) {
    EXPECT_EQ(reason_phrase(101), "Switching Protocols");
    EXPECT_EQ(reason_phrase(200), "OK");
    EXPECT_EQ(reason_phrase(202), "Accepted");
    EXPECT_EQ(reason_phrase(204), "No Content");
    EXPECT_EQ(reason_phrase(413), "Payload Too Large");
    EXPECT_EQ(reason_phrase(429), "Too Many Requests");
    EXPECT_EQ(reason_phrase(503), "Service Unavailable");
    for (const unsigned status : {400, 401, 403, 404, 405, 408, 426, 431, 500, 501}) {
        EXPECT_NE(reason_phrase(status), "Unknown") << status;
    }
}

TEST(ReasonPhrase, OtherStatusesAreUnknown) {
    EXPECT_EQ(reason_phrase(0), "Unknown");
    EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(Request, AListMayComeInSeveralLines) {
    request r;
    r.headers = {{"Accept-Encoding", "br"}, {"Host", "h"}, {"accept-encoding", "gzip;q=0.5"}};
    EXPECT_EQ(r.all("ACCEPT-encoding"), "br, gzip;q=0.5");
    EXPECT_EQ(r.all("Host"), "h");
    EXPECT_EQ(r.all("Cookie"), "");
}

}  // namespace
