#include <chat_gateway/redis/redis.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::redis {
namespace {

url parsed(std::string_view text) {
    const auto u = parse_url(text);
    EXPECT_TRUE(u.has_value()) << text;
    return u ? *u : url{};
}

TEST(RedisUrl, ReadsHostPortAndDatabase) {
    const auto u = parsed("redis://cache.example.org:6380/7");
    EXPECT_EQ(u.host, "cache.example.org");
    EXPECT_EQ(u.port, "6380");
    EXPECT_EQ(u.database, 7U);
    EXPECT_EQ(u.user, "");
    EXPECT_EQ(u.password, "");
    EXPECT_EQ(u.unix_path, "");
}

TEST(RedisUrl, PortAndDatabaseHaveDefaults) {
    for (const auto* text : {"redis://h", "redis://h/"}) {
        const auto u = parsed(text);
        EXPECT_EQ(u.host, "h");
        EXPECT_EQ(u.port, "6379");
        EXPECT_EQ(u.database, 0U);
    }
}

TEST(RedisUrl, ReadsCredentials) {
    const auto both = parsed("redis://gate:s%40crt%2F%3A@h:1/2");
    EXPECT_EQ(both.user, "gate");
    EXPECT_EQ(both.password, "s@crt/:");
    EXPECT_EQ(both.host, "h");
    const auto password_only = parsed("redis://:p@ss:word@h");
    EXPECT_EQ(password_only.user, "");
    EXPECT_EQ(password_only.password, "p@ss:word");
}

TEST(RedisUrl, ReadsWhetherToEncrypt) {
    const auto u = parsed("rediss://gate:secret@h:1/2");
    EXPECT_TRUE(u.tls);
    EXPECT_EQ(u.host, "h");
    EXPECT_EQ(u.port, "1");
    EXPECT_EQ(u.database, 2U);
    EXPECT_EQ(u.password, "secret");
    EXPECT_EQ(parsed("rediss://h").port, "6379");
    EXPECT_FALSE(parsed("redis://h").tls);
}

TEST(RedisUrl, ReadsIpv6) {
    const auto u = parsed("redis://[::1]:6380");
    EXPECT_EQ(u.host, "::1");
    EXPECT_EQ(u.port, "6380");
    EXPECT_EQ(u.redacted(), "redis://[::1]:6380/0");
}

TEST(RedisUrl, ReadsUnixPaths) {
    const auto plain = parsed("unix:///run/redis/redis.sock");
    EXPECT_EQ(plain.unix_path, "/run/redis/redis.sock");
    EXPECT_EQ(plain.database, 0U);
    const auto with_database = parsed("unix:///run/r?db=3");
    EXPECT_EQ(with_database.unix_path, "/run/r");
    EXPECT_EQ(with_database.database, 3U);
    EXPECT_EQ(with_database.redacted(), "unix:///run/r?db=3");
}

TEST(RedisUrl, RefusesEverythingElse) {
    const std::string unix_limit = "unix:///" + std::string(106, 'x');
    EXPECT_TRUE(parse_url(unix_limit).has_value());
    for (const std::string& text : {std::string(),
                                    std::string("redis:"),
                                    std::string("redis://"),
                                    std::string("h:6379"),
                                    std::string("http://h"),
                                    std::string("rediss://"),
                                    std::string("redis://h:"),
                                    std::string("redis://h:0"),
                                    std::string("redis://h:65536"),
                                    std::string("redis://h:+1"),
                                    std::string("redis://h:1x"),
                                    std::string("redis://h/x"),
                                    std::string("redis://h/-1"),
                                    std::string("redis://h/1/2"),
                                    std::string("redis://h/99999999999"),
                                    std::string("redis://h?db=1"),
                                    std::string("redis://h:1,h2:2"),
                                    std::string("redis://user@h"),
                                    std::string("redis://u:%zz@h"),
                                    std::string("redis://u:%ff@h"),
                                    std::string("redis://u:p@"),
                                    std::string("redis://:6379"),
                                    std::string("redis://a b"),
                                    std::string("redis://h\n"),
                                    std::string("redis://[::1"),
                                    std::string("redis://[]"),
                                    std::string("redis://[host]"),
                                    std::string("redis://[::1]x"),
                                    std::string("unix://"),
                                    std::string("unix://relative"),
                                    unix_limit + "x",
                                    std::string("unix:///p?db="),
                                    std::string("unix:///p?x=1"),
                                    std::string("unix:///p?"),
                                    std::string("unix:///a\0b", 11)}) {
        const auto u = parse_url(text);
        ASSERT_FALSE(u.has_value()) << text;
        EXPECT_EQ(u.error(), errc::malformed);
    }
}

TEST(RedisUrl, RedactedTellsNeitherUserNorPassword) {
    EXPECT_EQ(parsed("redis://gate:secret@h:6380/1").redacted(), "redis://h:6380/1");
    EXPECT_EQ(parsed("redis://:secret@h").redacted(), "redis://h:6379/0");
    EXPECT_EQ(parsed("rediss://gate:secret@h/2").redacted(), "rediss://h:6379/2");
}

TEST(RedisUrls, OneIsAListOfOne) {
    const auto one = parse_urls("redis://:p,w@host/2");
    ASSERT_TRUE(one.has_value());
    ASSERT_EQ(one->size(), 1U);
    EXPECT_EQ(one->front().password, "p,w");
    EXPECT_EQ(one->front().database, 2U);
    EXPECT_EQ(parse_urls("unix:///run/a,b.sock")->front().unix_path, "/run/a,b.sock");
}

TEST(RedisUrls, SeveralAreUrlsOrMoreHostsBehindTheFirst) {
    for (const auto* text : {"rediss://u:p,w@a:1,[::1]:2,c",
                             "rediss://u:p,w@a:1,rediss://u:p,w@[::1]:2,rediss://u:p,w@c",
                             "rediss://u:p,w@a:1,[::1]:2,rediss://u:p,w@c"}) {
        const auto all = parse_urls(text);
        ASSERT_TRUE(all.has_value()) << text;
        ASSERT_EQ(all->size(), 3U) << text;
        EXPECT_EQ((*all)[0].host, "a");
        EXPECT_EQ((*all)[1].host, "::1");
        EXPECT_EQ((*all)[2].host, "c");
        EXPECT_EQ((*all)[0].port, "1");
        EXPECT_EQ((*all)[1].port, "2");
        EXPECT_EQ((*all)[2].port, "6379");
        for (const auto& one : *all) {
            EXPECT_TRUE(one.tls);
            EXPECT_EQ(one.user, "u");
            EXPECT_EQ(one.password, "p,w");
        }
    }
}

TEST(RedisUrls, ThatAreWrongAreMalformed) {
    for (const auto* text :
         {"", "redis://a,", "redis://a,,b", "redis://a,redis://", "redis://a,b:x", "redis://a,b:0",
          "redis://,a", "redis://a,b/x", "redis://a,http://b", "redis://a,unix://b"})
        EXPECT_EQ(parse_urls(text).error(), errc::malformed) << text;
    EXPECT_EQ(parse_url("redis://a,b").error(), errc::malformed) << "one is asked for";
}

}  // namespace
}  // namespace chat_gateway::redis
