#include "outbox_world.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

/// What a feed tells of itself, on a real server.
namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;
using chat::feed_figures;
using role = feed_figures::role;

class postgres_feed_figures : public outbox_world {
protected:
    feed_figures of(std::size_t feed = 0) const { return feeds_[feed]->figures(); }
    /// Until they say so.
    void wait_until(const std::function<bool()>& condition) {
        EXPECT_TRUE(loop_.run_until([&] {
            if (condition()) return true;
            std::this_thread::sleep_for(10ms);
            loop_.post([] {});
            return false;
        }));
    }
    void expect_age(std::chrono::seconds age) {
        const auto oldest = of().oldest;
        ASSERT_TRUE(oldest);
        const auto found = steady_clock::now() - *oldest;
        EXPECT_GE(found, age);
        EXPECT_LT(found, age + 20s);
    }
};

TEST_F(postgres_feed_figures, one_publishes_and_counts_what_it_has_published_and_left_out) {
    start();
    wait_until([&] { return of().part == role::publisher; });
    start();
    wait_until([&] { return of(1).part == role::standby; });
    run_as_writer(insert("1") + insert("2"));
    shared_server().execute(
        "insert into chat_gateway.outbox (kind, chat_id, payload) values ('message', '', null)");
    run_as_writer(insert("3"));
    expect_drained(3);
    wait_until([&] { return of().published == 4 && of().waiting == 0; });
    EXPECT_EQ(of().malformed, 1U);
    EXPECT_EQ(of().sink_failures, 0U);
    EXPECT_EQ(of().source_failures, 0U);
    EXPECT_FALSE(of().oldest);
    EXPECT_EQ(of(1).published + of(1).malformed, 0U);
    feeds_.erase(feeds_.begin());
    wait_until([&] { return of().part == role::publisher; });
}

TEST_F(postgres_feed_figures, what_waits_for_the_bus_and_for_how_long) {
    sink_.away = true;
    start();
    run_as_writer(insert("1") + insert("2"));
    shared_server().execute(
        "update chat_gateway.outbox set written_at = written_at - interval '2 minutes' "
        "where id = (select min(id) from chat_gateway.outbox)");
    wait_until([&] { return of().waiting == 2 && of().oldest < steady_clock::now() - 1min; });
    expect_age(120s);
    EXPECT_GT(of().sink_failures, 0U);
    sink_.away = false;
    expect_drained(2);
    wait_until([&] { return of().waiting == 0 && !of().oldest; });
}

TEST_F(postgres_feed_figures, counting_ends_at_a_limit) {
    sink_.away = true;
    run_as_writer("insert into messages (chat_id, content) select '" + std::string(chat_1) +
                  "', i::text from generate_series(1, 10001) i");
    start();
    wait_until([&] { return of().waiting != 0; });
    EXPECT_EQ(of().waiting, 10000U);
}

TEST_F(postgres_feed_figures, rows_of_an_earlier_outbox_are_as_old_as_they_have_been_seen) {
    shared_server().execute(script("outbox-remove.sql"));
    shared_server().execute(
        script("../../tests/data/outbox/that_keeps_nothing.sql", "\\set role low_gateway\n"));
    sink_.away = true;
    run_as_writer(insert("1"));
    const auto begin = steady_clock::now();
    start();
    wait_until([&] { return of().waiting == 1; });
    EXPECT_GE(of().oldest, begin);
    // Upgraded under it: that row's time is not known, and that of the next one is.
    install();
    run_as_writer(insert("2"));
    shared_server().execute(
        "delete from chat_gateway.outbox where written_at is null;"
        "update chat_gateway.outbox set written_at = written_at - interval '5 minutes'");
    wait_until([&] { return of().oldest < begin; });
    expect_age(300s);
    EXPECT_EQ(of().source_failures, 0U);
}

TEST_F(postgres_feed_figures, without_its_table_a_feed_can_do_nothing) {
    start();
    wait_until([&] { return of().part == role::publisher; });
    shared_server().execute(script("outbox-remove.sql"));
    shared_server().execute("notify chat_gateway_outbox");
    wait_until([&] { return of().source_failures > 1; });
    EXPECT_EQ(of().part, role::unable);
    install();
    wait_until([&] { return of().part == role::publisher; });
}

}  // namespace
}  // namespace chat_gateway::tests
