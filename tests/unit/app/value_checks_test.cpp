#include "value_checks.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

namespace {

using namespace chat_gateway::app;
using check = std::string_view (*)(std::string_view);

void expect_accepted(check c, std::initializer_list<std::string_view> texts) {
    for (const auto text : texts)
        EXPECT_EQ(c(text), "") << '"' << text << '"';
}

void expect_refused(check c, std::string_view problem,
                    std::initializer_list<std::string_view> texts) {
    for (const auto text : texts)
        EXPECT_EQ(c(text), problem) << '"' << text << '"';
}

TEST(ValueChecks, NotEmpty) {
    expect_accepted(check_not_empty, {"x", " "});
    expect_refused(check_not_empty, "is empty", {""});
}

TEST(ValueChecks, Address) {
    expect_accepted(check_address, {"0.0.0.0", "127.0.0.1", "::", "::1", "2001:db8::7", "localhost",
                                    "chat-1.example"});
    expect_refused(check_address, "is not an IP address or host name",
                   {"", "local host", "1.2.3", "1.2.3.256", "1.2.3.4:80", "[::1]", "127.0.0.1/8"});
}

TEST(ValueChecks, UnixPath) {
    const std::string longest = '/' + std::string(106, 'x');
    expect_accepted(check_unix_path, {"", "/s", "/run/chat-gateway/public.sock", longest});
    expect_refused(check_unix_path, "is an abstract name", {"@", "@chat-gateway"});
    expect_refused(check_unix_path, "does not begin with /", {"s", "./s", "unix:/run/s"});
    expect_refused(check_unix_path, "names a directory", {"/", "/run/"});
    expect_refused(check_unix_path, "is too long for an AF_UNIX socket", {longest + 'x'});
}

TEST(ValueChecks, FileMode) {
    expect_accepted(check_file_mode, {"660", "0660", "0777", "000"});
    expect_refused(check_file_mode, "is not a file mode",
                   {"", "66", "0o660", "0668", "1777", "00660"});
}

TEST(ValueChecks, UrlPath) {
    expect_accepted(check_url_path, {"/ws", "/ws/", "/a/b-c_d.e~1", "/%41"});
    expect_refused(check_url_path, "does not begin with /", {"", "ws", "http://x/ws"});
    expect_refused(check_url_path, "would take every request", {"/", "//"});
    expect_refused(check_url_path, "is not a path of a URL",
                   {"/ws?x=1", "/ws#x", "/w s", "/w\ns", "/ü"});
}

TEST(ValueChecks, AddressBlock) {
    expect_accepted(check_address_block, {"10.0.0.0/8", "127.0.0.1/32", "::1/128"});
    expect_refused(check_address_block, "is not an address block",
                   {"", "10.0.0.0/33", "::1/129", "ten/8", "10.0.0.0/", "10.0.0.0/-1"});
}

TEST(ValueChecks, BearerToken) {
    expect_accepted(check_bearer_token, {"", "abc.DEF-123_~+/="});
    expect_refused(check_bearer_token, "cannot be sent in a header", {"a b", "a\nb", "ü", "\x7f"});
}

TEST(ValueChecks, Origin) {
    expect_accepted(check_origin,
                    {"http://localhost:5173", "https://shop.example", "*.example.org"});
    expect_refused(check_origin, "is not an origin", {"", "https://shop.example/path", "*"});
}

TEST(ValueChecks, CookieName) {
    expect_accepted(check_cookie_name, {"connect.sid", "scmarket.sid", "__Host-s"});
    expect_refused(check_cookie_name, "is not a cookie name",
                   {"", "a b", "a=b", "a;b", "ü", "a\"b"});
}

TEST(ValueChecks, TableName) {
    expect_accepted(check_table_name, {"session", "login_sessions", "_s1", "auth.session"});
    expect_refused(check_table_name, "is not a table name",
                   {"", "1s", "a-b", "a;drop", "a.b.c", ".a", "a.", "a b", "\"a\""});
}

TEST(ValueChecks, JsonPointer) {
    expect_accepted(check_json_pointer, {"/passport/user", "/a~0b/c~1d", "/", "/0"});
    expect_refused(check_json_pointer, "does not begin with /", {"", "passport/user", "#/user"});
    expect_refused(check_json_pointer, "is not a JSON pointer", {"/a~", "/a~2", "/~0~"});
}

TEST(ValueChecks, RedisUrl) {
    expect_accepted(check_redis_url, {"redis://127.0.0.1:6379", "redis://:p,w@host/2",
                                      "unix:///run/a,b.sock", "rediss://u:p@host:6380/1"});
    expect_refused(check_redis_url, "is not a Redis URL", {"", "127.0.0.1:6379", "http://host"});
}

TEST(ValueChecks, RedisUrlOfACluster) {
    expect_accepted(check_redis_url,
                    {"redis://a:1,redis://b:2", "redis://a:1,b:2", "redis://:p@a,redis://:p@b",
                     "rediss://u:p@a:1,b:2,[::1]:3", "redis://a,b/0"});
    expect_refused(check_redis_url, "is not a Redis URL", {"redis://a,", "redis://a,b:x"});
    expect_refused(check_redis_url, "names nodes with different schemes", {"redis://a,rediss://b"});
    expect_refused(check_redis_url, "names nodes with different users or passwords",
                   {"redis://:p@a,redis://b", "redis://u:p@a,redis://v:p@b"});
    expect_refused(check_redis_url, "names a database, which a Redis Cluster does not have",
                   {"redis://a,b/1", "redis://a,redis://b/2"});
    expect_refused(check_redis_url, "names a unix socket among several nodes",
                   {"redis://a,unix:///run/r", "unix:///run/r,redis://a"});
}

TEST(ValueChecks, PostgresUrl) {
    expect_accepted(check_postgres_url,
                    {"postgres://h/db", "postgresql://u:p@h:1/db?sslmode=require",
                     "postgresql:///chat?host=/run/postgresql", "postgresql://a:1,b:2/db",
                     "postgresql://a,b:2/db", "postgresql://a,b/db?port=5432",
                     "postgresql://[::1]:5432/db", "postgresql://h/db?keepalives_idle=5",
                     "postgresql://u:p%40ss@h/db?options=-c%20TimeZone%3DUTC"});
    expect_refused(
        check_postgres_url, "is not a connection URI",
        {"", "chat", "mysql://h/db", "mysql://h/db?a=b", "host=/run/postgresql dbname=chat"});
    expect_refused(check_postgres_url, "is not a connection URI that libpq can read",
                   {"postgresql://[::1/db", "postgresql://h/%zz", "postgresql://u:%zz@h/db"});
    expect_refused(check_postgres_url, "has a parameter that libpq does not know",
                   {"postgresql://h/db?sslmod=require", "postgresql://u:secret@h/db?x=y"});
    expect_refused(check_postgres_url, "has a port that is no number from 1 to 65535",
                   {"postgresql://h:badport/db", "postgresql://h:0/db", "postgresql://h:65536/db",
                    "postgresql://a:1,b:x/db", "postgresql://h/db?port=-1"});
    expect_refused(check_postgres_url, "has an sslmode that is none",
                   {"postgresql://h/db?sslmode=on"});
    expect_refused(check_postgres_url, "has a connect_timeout that is no number",
                   {"postgresql://h/db?connect_timeout=5s"});
    expect_refused(check_postgres_url, "has more or fewer ports than hosts",
                   {"postgresql://a,b,c/db?port=1,2"});
}

}  // namespace
