// Where Redis and PostgreSQL are; no password in it gets into a log. Line 1 a URL, lines 2 and 3
// what stands around a password.
#include "connection_string.hpp"
#include "fuzz/fuzz.hpp"
#include "redact.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <string>

using namespace chat_gateway;

namespace {

constexpr std::string_view secret = "S3CR3T";

bool shows_secret(const std::string& text) {
    return text.find(secret) != std::string::npos;
}

void check_redis_nodes(std::string_view text) {
    const auto all = redis::parse_urls(text);
    if (!all) {
        FUZZ_CHECK(all.error() == errc::malformed);
        return;
    }
    FUZZ_CHECK(!all->empty());
    for (const auto& one : *all)
        FUZZ_CHECK(redis::parse_url(one.redacted()));
}

void check_redis(std::string_view text) {
    const auto u = redis::parse_url(text);
    if (!u) {
        FUZZ_CHECK(u.error() == errc::malformed);
        return;
    }
    const auto shown = redis::parse_url(u->redacted());
    FUZZ_CHECK(shown && shown->user.empty() && shown->password.empty());
    FUZZ_CHECK(shown->unix_path == u->unix_path && shown->database == u->database);
    FUZZ_CHECK(shown->host == u->host && shown->port == u->port);
}

void check_postgres(std::string_view text) {
    const auto limited = postgres::with_time_limits(text);
    FUZZ_CHECK(limited.size() > text.size());
    FUZZ_CHECK(postgres::without_password("plain", "") == "plain");
    (void)app::redact_url(text);
}

void check_secrecy(std::string_view before, std::string_view behind) {
    if (shows_secret(std::string(before))) return;  // a user's name may be shown
    const auto url = "postgresql://" + std::string(before) + ":" + std::string(secret) +
                     std::string(behind) + "@host/db?password=" + std::string(secret);
    FUZZ_CHECK(!shows_secret(app::redact_url(url)));
    const bool ordinary =
        before.find_first_of("@/:") == before.npos && behind.find_first_of("@/*") == behind.npos;
    if (!ordinary) return;
    const auto message = "cannot use \"" + std::string(secret) + std::string(behind) + "\" there";
    FUZZ_CHECK(!shows_secret(postgres::without_password(message, url)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto url = in.line();
    check_redis(url);
    check_redis_nodes(url);
    check_postgres(url);
    const auto before = in.line();
    check_secrecy(before, in.line());
    return 0;
}
