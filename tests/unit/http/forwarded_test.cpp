#include <chat_gateway/http/forwarded.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace chat_gateway;
using namespace chat_gateway::http;

bool contains(const char* block, const std::string& address) {
    return cidr::parse(block).value().contains(address);
}

TEST(Cidr, HoldsItsNetwork) {
    EXPECT_TRUE(contains("10.0.0.0/8", "10.0.0.0"));
    EXPECT_TRUE(contains("10.0.0.0/8", "10.255.255.255"));
    EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
    EXPECT_FALSE(contains("10.0.0.0/8", "9.255.255.255"));
    EXPECT_TRUE(contains("2001:db8::/32", "2001:db8:ffff::1"));
    EXPECT_FALSE(contains("2001:db8::/32", "2001:db9::"));
}

TEST(Cidr, LengthsWithinAByte) {
    EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
    EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
    EXPECT_TRUE(contains("fe80::/10", "febf::1"));
    EXPECT_FALSE(contains("fe80::/10", "fec0::1"));
}

TEST(Cidr, WholeAndEmptyLengths) {
    EXPECT_TRUE(contains("127.0.0.1/32", "127.0.0.1"));
    EXPECT_FALSE(contains("127.0.0.1/32", "127.0.0.2"));
    EXPECT_TRUE(contains("::1/128", "::1"));
    EXPECT_FALSE(contains("::1/128", "::2"));
    EXPECT_TRUE(contains("0.0.0.0/0", "255.1.2.3"));
    EXPECT_TRUE(contains("::/0", "2001:db8::1"));
}

TEST(Cidr, ABareAddressIsABlockOfOne) {
    EXPECT_TRUE(contains("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(contains("10.0.0.1", "10.0.0.2"));
    EXPECT_FALSE(contains("::1", "::3"));
}

TEST(Cidr, BitsBehindTheLengthDoNotCount) {
    EXPECT_TRUE(contains("10.1.2.3/8", "10.9.9.9"));
}

TEST(Cidr, MappedAddressesAreIpv4) {
    EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.1.1"));
    EXPECT_TRUE(contains("::ffff:10.0.0.0/104", "10.1.1.1"));
    EXPECT_FALSE(contains("::ffff:10.0.0.0/104", "11.1.1.1"));
}

TEST(Cidr, FamiliesDoNotMix) {
    EXPECT_FALSE(contains("::/0", "10.0.0.1"));
    EXPECT_FALSE(contains("::/0", "::ffff:10.0.0.1"));
    EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
    EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
}

TEST(Cidr, NoAddressIsInNoBlock) {
    for (const auto* bad :
         {"", "localhost", "10.0.0", "10.0.0.1:80", "[::1]", "010.0.0.1", " 10.0.0.1"}) {
        EXPECT_FALSE(contains("0.0.0.0/0", bad)) << bad;
        EXPECT_FALSE(contains("::/0", bad)) << bad;
    }
    EXPECT_FALSE(contains("0.0.0.0/0", std::string("10.0.0.1\0", 9)));
}

TEST(Cidr, RefusesOtherForms) {
    for (const auto* bad :
         {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/8/8",
          "::/129", "10.0.0.0/99999999999999999999", "localhost/8", "10.0.0/8", "10.0.0.0 /8"}) {
        const auto parsed = cidr::parse(bad);
        ASSERT_TRUE(parsed.has_error()) << bad;
        EXPECT_EQ(parsed.error(), errc::malformed);
    }
}

std::string client(std::string peer, const std::vector<std::string>& forwarded) {
    request r;
    r.peer = std::move(peer);
    for (const auto& value : forwarded)
        r.headers.push_back({"X-Forwarded-For", value});
    return client_address(r,
                          {cidr::parse("127.0.0.1/32").value(), cidr::parse("10.0.0.0/8").value()});
}

TEST(ClientAddress, OfADirectClientIsThePeers) {
    EXPECT_EQ(client("203.0.113.9", {}), "203.0.113.9");
    EXPECT_EQ(client("127.0.0.1", {}), "127.0.0.1");
}

TEST(ClientAddress, AnUntrustedPeerIsNotBelieved) {
    EXPECT_EQ(client("203.0.113.9", {"198.51.100.1"}), "203.0.113.9");
}

TEST(ClientAddress, ATrustedPeerIsBelieved) {
    EXPECT_EQ(client("127.0.0.1", {"198.51.100.1"}), "198.51.100.1");
    EXPECT_EQ(client("127.0.0.1", {"2001:db8::1"}), "2001:db8::1");
}

TEST(ClientAddress, WhatStandsBeforeTheFirstUntrustedHopIsForged) {
    EXPECT_EQ(client("127.0.0.1", {"1.1.1.1, 198.51.100.1"}), "198.51.100.1");
    EXPECT_EQ(client("127.0.0.1", {"10.0.0.7, 198.51.100.1"}), "198.51.100.1");
}

TEST(ClientAddress, TrustedHopsArePassed) {
    EXPECT_EQ(client("127.0.0.1", {"1.1.1.1,198.51.100.1 ,\t10.0.0.2, 10.0.0.1"}), "198.51.100.1");
}

TEST(ClientAddress, OfTrustedHopsOnlyTheFarthestCounts) {
    EXPECT_EQ(client("127.0.0.1", {"10.0.0.2, 10.0.0.1"}), "10.0.0.2");
}

TEST(ClientAddress, SeveralHeadersAreOneList) {
    EXPECT_EQ(client("127.0.0.1", {"1.1.1.1", "198.51.100.1", "10.0.0.1"}), "198.51.100.1");
}

TEST(ClientAddress, GarbageEndsTheWalk) {
    EXPECT_EQ(client("127.0.0.1", {"198.51.100.1, unknown"}), "127.0.0.1");
    EXPECT_EQ(client("127.0.0.1", {"198.51.100.1, , 10.0.0.1"}), "10.0.0.1");
    EXPECT_EQ(client("127.0.0.1", {"198.51.100.1:4711"}), "127.0.0.1");
    EXPECT_EQ(client("127.0.0.1", {""}), "127.0.0.1");
}

TEST(ClientAddress, IsSpelledInOneWay) {
    EXPECT_EQ(client("::ffff:203.0.113.9", {}), "203.0.113.9");
    EXPECT_EQ(client("::ffff:127.0.0.1", {"2001:DB8:0:0::1"}), "2001:db8::1");
    EXPECT_EQ(client("127.0.0.1", {"::ffff:198.51.100.1"}), "198.51.100.1");
}

TEST(ClientAddress, AUnixPeerIsTrusted) {
    request r;
    r.trusted_peer = true;
    EXPECT_EQ(client_address(r, {}), "");
    r.headers = {{"x-forwarded-for", "198.51.100.1, 10.0.0.1"}};
    EXPECT_EQ(client_address(r, {}), "10.0.0.1");
    EXPECT_EQ(client_address(r, {cidr::parse("10.0.0.0/8").value()}), "198.51.100.1");
}

TEST(Network, OfIPv6IsThe64) {
    EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff::9"));
    EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
}

TEST(Network, OfIPv4IsTheAddress) {
    EXPECT_EQ(network_of("192.0.2.1"), network_of("::ffff:192.0.2.1"));
    EXPECT_NE(network_of("192.0.2.1"), network_of("192.0.2.2"));
    EXPECT_NE(network_of("0.0.0.0"), network_of("::"));
}

TEST(Network, OfNoAddressIsNone) {
    EXPECT_EQ(network_of(""), std::nullopt);
    EXPECT_EQ(network_of("unix"), std::nullopt);
}

RC_GTEST_PROP(ClientAddress, TakesAnythingAndGivesAnAddress,
              (const std::vector<std::string>& values)) {
    RC_ASSERT(cidr::parse("0.0.0.0/0").value().contains(client("127.0.0.1", values)) ||
              cidr::parse("::/0").value().contains(client("127.0.0.1", values)));
}

}  // namespace
