#include "outbox_publisher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::postgres {
namespace {

using namespace std::chrono_literals;
using outcome = outbox_publisher::outcome;
using texts = std::vector<std::string>;

const time_point start = time_point(1h);

struct database {
    std::vector<outbox_row> rows;
    const void* owner = nullptr;  ///< of the claim
    std::uint64_t last_id = 100;

    void write(const std::string& chat) { rows.push_back({++last_id, "leave", chat, "u", ""}); }
};

/// A session on it. Says when it is used for what.
class fake_source final : public outbox_source {
public:
    explicit fake_source(database& d) : database_(d) {}
    ~fake_source() override {
        if (database_.owner == this) database_.owner = nullptr;
    }
    bool claim() override {
        if (database_.owner == nullptr) database_.owner = this;
        return database_.owner == this;
    }
    void listen() override { listens = true; }
    std::vector<outbox_row> read(std::uint64_t after) override {
        EXPECT_TRUE(listens);
        fail_perhaps();
        std::vector<outbox_row> found;
        for (const auto& row : database_.rows)
            if (row.id > after && found.size() < 3) found.push_back(row);
        return found;
    }
    void forget(std::uint64_t up_to) override {
        fail_perhaps();
        std::erase_if(database_.rows, [&](const outbox_row& row) { return row.id <= up_to; });
    }
    void sweep() override {
        fail_perhaps();
        ++sweeps;
    }

    bool listens = false;
    int sweeps = 0;
    int good_calls = -1;  ///< then it throws

private:
    void fail_perhaps() {
        if (good_calls == 0) throw std::runtime_error("the session is over");
        if (good_calls > 0) --good_calls;
    }
    database& database_;
};

/// The bus: remembers a mark with what was published under it.
class fake_sink final : public waiting_sink {
public:
    enum class fault { none, before, after };

    result<> publish_marked(std::vector<chat::change> changes, std::uint64_t after,
                            std::uint64_t mark) override {
        if (next == fault::before) {
            next = fault::none;
            return make_error_code(errc::unavailable);
        }
        if (after != remembered) return make_error_code(errc::closed);
        remembered = mark;
        for (const auto& change : changes)
            published.push_back(std::get<socketio::cluster::request>(change).rooms.front());
        if (next == fault::after) {
            next = fault::none;
            return make_error_code(errc::timeout);
        }
        return {};
    }
    result<std::uint64_t> last_mark() override {
        if (away) return make_error_code(errc::unavailable);
        return remembered;
    }

    texts published;
    std::uint64_t remembered = 0;
    fault next = fault::none;
    bool away = false;
};

TEST(outbox_publisher, publishes_in_order_and_forgets_what_it_has_published) {
    database d;
    for (const char* chat : {"1", "2", "3", "4"})
        d.write(chat);
    fake_source source(d);
    fake_sink sink;
    outbox_publisher p(source, sink);
    EXPECT_EQ(p.step(start), outcome::published);
    EXPECT_EQ(d.rows.size(), 1U);
    EXPECT_EQ(p.step(start), outcome::published);
    EXPECT_EQ(p.step(start), outcome::idle);
    EXPECT_EQ(sink.published, (texts{"1", "2", "3", "4"}));
    EXPECT_EQ(sink.remembered, 104U);
    EXPECT_TRUE(d.rows.empty());
}

TEST(outbox_publisher, one_publishes_and_another_takes_over_when_it_is_gone) {
    database d;
    fake_sink sink;
    auto first = std::make_unique<fake_source>(d);
    fake_source second(d);
    outbox_publisher p1(*first, sink);
    outbox_publisher p2(second, sink);
    EXPECT_EQ(p1.step(start), outcome::idle);
    d.write("1");
    EXPECT_EQ(p2.step(start), outcome::standby);
    EXPECT_FALSE(second.listens);
    first.reset();
    EXPECT_EQ(p2.step(start), outcome::published);
    EXPECT_EQ(sink.published, (texts{"1"}));
}

TEST(outbox_publisher, what_was_published_and_not_forgotten_is_not_published_again) {
    database d;
    d.write("1");
    fake_sink sink;
    {
        fake_source source(d);
        source.good_calls = 2;  // forget, read; dies before it forgets what it has published
        outbox_publisher p(source, sink);
        EXPECT_THROW(p.step(start), std::runtime_error);
    }
    EXPECT_EQ(sink.published, (texts{"1"}));
    EXPECT_EQ(d.rows.size(), 1U);
    d.write("2");
    fake_source source(d);
    outbox_publisher p(source, sink);
    EXPECT_EQ(p.step(start), outcome::published);
    EXPECT_EQ(sink.published, (texts{"1", "2"}));
    EXPECT_TRUE(d.rows.empty());
}

TEST(outbox_publisher, an_error_of_the_sink_is_settled_by_its_mark) {
    for (const auto fault : {fake_sink::fault::before, fake_sink::fault::after}) {
        database d;
        d.write("1");
        fake_source source(d);
        fake_sink sink;
        outbox_publisher p(source, sink);
        sink.next = fault;
        EXPECT_EQ(p.step(start), outcome::sink_away);
        EXPECT_EQ(d.rows.size(), 1U);
        sink.away = true;
        EXPECT_EQ(p.step(start), outcome::sink_away);
        sink.away = false;
        // Others may not be subscribed yet.
        EXPECT_EQ(p.step(start), outcome::settling);
        EXPECT_EQ(p.step(start + 2999ms), outcome::settling);
        p.step(start + 3s);
        EXPECT_EQ(sink.published, (texts{"1"}));
        EXPECT_TRUE(d.rows.empty());
    }
}

TEST(outbox_publisher, one_that_has_lost_its_claim_unawares_cannot_go_back) {
    database d;
    fake_source old_source(d);
    fake_sink sink;
    outbox_publisher old_one(old_source, sink);
    EXPECT_EQ(old_one.step(start), outcome::idle);
    d.write("1");
    d.write("2");
    d.owner = nullptr;  // the server has given its session up, and it has not heard of that
    fake_source new_source(d);
    outbox_publisher new_one(new_source, sink);
    const auto seen_by_old = d.rows;
    EXPECT_EQ(new_one.step(start), outcome::published);
    d.rows = seen_by_old;  // the old one has read them before they were deleted
    EXPECT_EQ(old_one.step(start), outcome::sink_away);
    EXPECT_EQ(old_one.step(start), outcome::idle);
    EXPECT_EQ(sink.published, (texts{"1", "2"}));
}

TEST(outbox_publisher, rows_that_make_no_change_are_passed_by) {
    database d;
    d.rows.push_back({101, "nonsense", "c", "", ""});
    fake_source source(d);
    fake_sink sink;
    outbox_publisher p(source, sink);
    EXPECT_EQ(p.step(start), outcome::published);
    EXPECT_EQ(sink.remembered, 101U);
    EXPECT_TRUE(d.rows.empty());
}

TEST(outbox_publisher, sweeps_now_and_then_while_there_is_nothing_to_publish) {
    database d;
    fake_source source(d);
    fake_sink sink;
    outbox_publisher p(source, sink);
    d.write("1");
    EXPECT_EQ(p.step(start), outcome::published);
    EXPECT_EQ(source.sweeps, 0);
    for (const auto now : {start, start + 1s, start + 4999ms})
        EXPECT_EQ(p.step(now), outcome::idle);
    EXPECT_EQ(source.sweeps, 1);
    p.step(start + 5s);
    EXPECT_EQ(source.sweeps, 2);
}

// Publishers die and sinks fail at any call: each row comes once and in order all the same.
TEST(outbox_publisher, exactly_once_whoever_dies_when) {
    std::minstd_rand random(7);
    database d;
    fake_sink sink;
    texts written;
    auto now = start;
    const auto finished = [&] { return written.size() == 300 && d.rows.empty(); };
    for (int life = 0; life < 100000 && !finished(); ++life) {
        fake_source source(d);
        source.good_calls = static_cast<int>(random() % 6);
        outbox_publisher p(source, sink);
        try {
            for (int i = 0; i < 20; ++i) {
                if (written.size() < 300) {
                    written.push_back(std::to_string(written.size()));
                    d.write(written.back());
                }
                sink.next = static_cast<fake_sink::fault>(random() % 3);
                p.step(now);
                now += 1s;
            }
        } catch (const std::runtime_error&) {
            continue;
        }
    }
    EXPECT_TRUE(finished());
    EXPECT_EQ(sink.published, written);
}

}  // namespace
}  // namespace chat_gateway::postgres
