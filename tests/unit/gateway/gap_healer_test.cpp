#include "gap_healer.hpp"

#include "support/manual_scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;
using chat::change_history;
using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using texts = std::vector<std::string>;

message message_to(const std::string& room, const std::string& text) {
    message m;
    m.packet = R"(2["serverMessage",{"chat_id":")" + room + R"(","content":")" + text + "\"}]";
    m.rooms = {room};
    return m;
}
request join_of(const std::string& user, const std::string& room) {
    return {.kind = request_kind::join, .to = {.rooms = {"user:" + user}}, .rooms = {room}};
}

std::string text_of(const chat::change& c) {
    if (const auto* r = std::get_if<request>(&c))
        return (r->kind == request_kind::join ? "+" : "-") + r->rooms.front();
    const auto& packet = std::get<message>(c).packet;
    const auto begin = packet.find(R"("content":")") + 11;
    return packet.substr(begin, packet.find('"', begin) - begin);
}

/// The bus, its marks and the outbox's table; what is asked is answered when the test says so.
class world final : public chat::message_bus, public chat::bus_marks, public change_history {
public:
    void start(handlers) override {}
    void subscribe(std::vector<std::string> asked, done_handler done) override {
        rooms.insert(asked.begin(), asked.end());
        subscribing.push_back(std::move(done));
    }
    void unsubscribe(const std::vector<std::string>&) override {}
    void publish(std::vector<message>, done_handler) override {}
    void ask(request, done_handler) override {}
    void answer(const request&, socketio::cluster::response) override {}
    void count_others(unique_function<void(result<std::size_t>)>) override {}
    void pause(bool) override {}
    void ping(done_handler) override {}
    void read_mark(mark_handler handler) override { marks.push_back(std::move(handler)); }
    void last_published(unique_function<void(result<std::uint64_t>)> handler) override {
        lasts.push_back(std::move(handler));
    }
    void read(std::uint64_t after, std::uint64_t up_to,
              unique_function<void(result<page>)> handler) override {
        reads.push_back({after, up_to, std::move(handler)});
    }

    struct asked_page {
        std::uint64_t after;
        std::uint64_t up_to;
        unique_function<void(result<page>)> handler;
    };
    std::set<std::string> rooms;
    std::deque<done_handler> subscribing;
    std::deque<mark_handler> marks;
    std::deque<unique_function<void(result<std::uint64_t>)>> lasts;
    std::deque<asked_page> reads;
};

template <class Handler, class Answer>
void answer_front(std::deque<Handler>& asked, Answer answer) {
    ASSERT_FALSE(asked.empty());
    auto handler = std::move(asked.front());
    asked.pop_front();
    handler(std::move(answer));
}

class GapHealer : public ::testing::Test {
protected:
    using number = result<std::uint64_t>;

    void SetUp() override {
        start();
        subscribed();
        last(0);
    }
    void start() {
        healer = std::make_unique<gap_healer>(
            timers, w, w, w, counts,
            paced_teller::listener{
                .messages =
                    [this](std::vector<message> batch) {
                        for (auto& m : batch)
                            told.push_back(text_of(std::move(m)));
                    },
                .request = [this](request r) { told.push_back(text_of(std::move(r))); },
            },
            gap_healer::locals{
                .hold =
                    [this](const std::vector<std::string>& rooms, auto done) {
                        bool fresh = false;
                        for (const auto& room : rooms)
                            fresh = held.insert(room).second || fresh;
                        w.subscribe(rooms, std::move(done));
                        return fresh;
                    },
                .subscribes =
                    [this](std::string_view room) { return held.contains(std::string(room)); },
                .has = [this](std::string_view user) { return here.contains(std::string(user)); },
            });
    }
    void subscribed() { answer_front(w.subscribing, result<>()); }
    /// As `keeper` has it.
    void mark(number n, std::uint64_t keeper = 1) {
        using answer = result<chat::bus_mark>;
        answer_front(w.marks, n ? answer({.id = *n, .keeper = keeper}) : answer(n.error()));
    }
    void last(number n) { answer_front(w.lasts, n); }
    /// What the table says to the next read.
    void page(std::vector<std::pair<std::uint64_t, chat::change>> rows, std::uint64_t read_to,
              std::uint64_t forgotten_to = 0) {
        change_history::page p{.changes = {}, .read_to = read_to, .forgotten_to = forgotten_to};
        for (auto& [id, what] : rows)
            p.changes.push_back({id, 100, std::move(what)});
        ASSERT_FALSE(w.reads.empty());
        auto asked = std::move(w.reads.front());
        w.reads.pop_front();
        asked.handler(std::move(p));
    }
    void bring(const std::string& text, const std::string& room = "a") {
        healer->on_messages({message_to(room, text)});
    }
    /// The bus is certain up to `n`, breaks, is back, and its mark is `m` by then.
    void break_at(std::uint64_t n, std::uint64_t m) {
        mark(n);
        healer->on_gap();
        subscribed();
        last(0);
        mark(m);
    }
    std::uint64_t count(metric m) const { return counts.load(m); }

    tests::manual_scheduler timers;
    world w;
    metrics figures;
    metrics_block& counts = figures.make_block();
    texts told;
    std::set<std::string> held{"a"};
    std::set<std::string> here{"ann"};
    std::unique_ptr<gap_healer> healer;
};

TEST_F(GapHealer, PassesOnAtOnceWhileThereIsNoGap) {
    bring("1");
    healer->on_request(join_of("ann", "b"));
    EXPECT_EQ(told, (texts{"1", "+b"}));
}

TEST_F(GapHealer, ReadsWhatWasPublishedBetweenTheMarks) {
    break_at(10, 30);
    bring("5");
    EXPECT_TRUE(told.empty()) << "kept back";
    ASSERT_EQ(w.reads.size(), 1U);
    EXPECT_EQ(w.reads.front().after, 10U);
    EXPECT_EQ(w.reads.front().up_to, 30U);
    page({{20, message_to("a", "3")}}, 20);
    ASSERT_EQ(w.reads.size(), 1U);
    EXPECT_EQ(w.reads.front().after, 20U);
    page({{30, message_to("a", "4")}}, 30);
    EXPECT_EQ(told, (texts{"3", "4", "5"}));
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    EXPECT_EQ(count(metric::outbox_healed), 2U);
    bring("6");
    EXPECT_EQ(told.back(), "6");
    timers.advance(gap_healer::patience * 2);
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
}

TEST_F(GapHealer, WhatTheBusHasBroughtOnEitherSideIsNotToldAgain) {
    mark(10);
    bring("1");
    bring("2");
    healer->on_gap();
    bring("4");  // subscribed already, others are not yet
    healer->on_gap();
    subscribed();  // for the gap before, too late
    subscribed();
    last(0);
    bring("5");
    mark(50);
    bring("6");
    page({{20, message_to("a", "1")},
          {30, message_to("a", "2")},
          {31, message_to("a", "3")},
          {40, message_to("a", "4")},
          {50, message_to("a", "5")}},
         50);
    EXPECT_EQ(told, (texts{"1", "2", "3", "4", "5", "6"}));
    EXPECT_EQ(count(metric::outbox_healed), 1U);
    // 6 is in doubt now, and what is behind the mark is read the next time.
    healer->on_gap();
    subscribed();
    last(0);
    mark(70);
    EXPECT_EQ(w.reads.front().after, 50U);
    page({{60, message_to("a", "6")}, {70, message_to("a", "7")}}, 70);
    EXPECT_EQ(told.back(), "7");
    EXPECT_EQ(told.size(), 7U);
}

TEST_F(GapHealer, AMarkSaysWhatIsCertain) {
    mark(10);
    bring("1");
    timers.advance(gap_healer::interval);
    mark(20);
    healer->on_gap();
    subscribed();
    last(0);
    mark(20);
    EXPECT_TRUE(w.reads.empty()) << "nothing was published meanwhile";
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    EXPECT_EQ(told, texts{"1"});
}

TEST_F(GapHealer, WithoutAMarkTheDatabaseSaysWhatIsCertain) {
    healer = nullptr;
    w.marks.clear();
    start();
    subscribed();
    last(7);
    mark(0);
    healer->on_gap();
    subscribed();
    last(7);
    mark(9);
    EXPECT_EQ(w.reads.front().after, 7U);
    page({{9, message_to("a", "the first one")}}, 9, 7);
    EXPECT_EQ(told, texts{"the first one"});
}

TEST_F(GapHealer, AsksForTheMarkLessOftenWhileNothingComes) {
    mark(10);
    timers.advance(gap_healer::interval * 4);
    EXPECT_TRUE(w.marks.empty());
    timers.advance(gap_healer::interval);
    EXPECT_EQ(w.marks.size(), 1U);
    mark(10);
    bring("1");
    timers.advance(gap_healer::interval);
    EXPECT_EQ(w.marks.size(), 1U);
}

TEST_F(GapHealer, ARedisThatHasLostItsMarkDoesNotHideWhatTheDatabaseKnows) {
    mark(10);
    healer->on_gap();
    subscribed();
    last(30);
    mark(0);
    EXPECT_EQ(w.reads.front().up_to, 30U);
    page({{30, message_to("a", "1")}}, 30);
    EXPECT_EQ(told, texts{"1"});
    // What is certain does not become less.
    timers.advance(gap_healer::interval * gap_healer::quiet_intervals);
    mark(0);
    healer->on_gap();
    subscribed();
    last(30);
    mark(0);
    EXPECT_TRUE(w.reads.empty());
    EXPECT_EQ(told.size(), 1U);
}

TEST_F(GapHealer, RoomsThatAreJoinedInTheGapAreHeardBeforeItEnds) {
    break_at(10, 30);
    page({{20, join_of("ann", "b")},
          {25, message_to("b", "1 of b")},
          {30, join_of("bob", "c")}},  // who is not here
         30);
    EXPECT_TRUE(told.empty());
    EXPECT_TRUE(w.rooms.contains("b"));
    EXPECT_FALSE(w.rooms.contains("c"));
    subscribed();
    last(30);
    bring("3 of b", "b");
    mark(45);
    EXPECT_EQ(w.reads.front().after, 30U);
    page({{40, message_to("b", "2 of b")}, {45, message_to("b", "3 of b")}}, 45);
    EXPECT_EQ(told, (texts{"+b", "1 of b", "2 of b", "3 of b"}));
    EXPECT_EQ(count(metric::outbox_healed), 3U);
}

TEST_F(GapHealer, WhatIsForNobodyHereIsNotKept) {
    break_at(10, 30);
    page({{20, message_to("z", "elsewhere")}, {30, message_to("a", "here")}}, 30);
    EXPECT_EQ(told, texts{"here"});
}

TEST_F(GapHealer, AGapInTheMiddleOfHealingStartsItAnew) {
    break_at(10, 20);
    bring("3");
    healer->on_gap();
    page({{20, message_to("a", "1")}}, 20);  // too late
    EXPECT_TRUE(told.empty());
    subscribed();
    last(0);
    mark(40);
    EXPECT_EQ(w.reads.front().after, 10U);
    page({{20, message_to("a", "1")},
          {30, message_to("a", "2")},
          {35, message_to("a", "3")},
          {40, message_to("a", "4")}},
         40);
    EXPECT_EQ(told, (texts{"1", "2", "3", "4"}));
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U) << "it is one";
}

TEST_F(GapHealer, OutagesOfDatabaseAndRedisAreWaitedFor) {
    mark(10);
    healer->on_gap();
    subscribed();
    last(make_error_code(errc::timeout));
    timers.advance(gap_healer::retry * 2);
    last(0);
    mark(make_error_code(errc::unavailable));
    timers.advance(gap_healer::retry * 2);
    mark(20);
    auto asked = std::move(w.reads.front());
    w.reads.pop_front();
    asked.handler(make_error_code(errc::unavailable));
    timers.advance(gap_healer::retry * 2);
    page({{20, message_to("a", "1")}}, 20);
    EXPECT_EQ(told, texts{"1"});
}

TEST_F(GapHealer, ARedisThatComesAndGoesIsWaitedForWhileNothingIsKeptBack) {
    mark(10);
    healer->on_gap();
    for (auto passed = 0s; passed < gap_healer::patience * 6; passed += 4s) {
        subscribed();
        last(0);
        timers.advance(2s);
        w.marks.clear();
        healer->on_gap();
        timers.advance(2s);
    }
    subscribed();
    last(0);
    mark(20);
    EXPECT_EQ(w.reads.front().after, 10U);
    bring("2");
    page({{20, message_to("a", "1")}}, 20, 10);
    EXPECT_EQ(told, (texts{"1", "2"}));
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
}

TEST_F(GapHealer, ADatabaseThatIsAwayIsAskedLessAndLessOftenWhileNothingIsKeptBack) {
    mark(10);
    healer->on_gap();
    subscribed();
    int asked = 0;
    for (auto passed = 0ms; passed < 60s; passed += 50ms) {
        if (!w.lasts.empty()) {
            last(make_error_code(errc::unavailable));
            ++asked;
        }
        timers.advance(50ms);
    }
    EXPECT_GE(asked, 25);
    EXPECT_LE(asked, 65);
    timers.advance(gap_healer::longest_retry);
    last(0);
    mark(20);
    page({{20, message_to("a", "1")}}, 20);
    EXPECT_EQ(told, texts{"1"});
}

// A node of a Redis Cluster may have died with the last of what it had remembered as published.
TEST_F(GapHealer, AMarkOfAnotherKeeperIsAGap) {
    mark(10);
    bring("1");
    timers.advance(gap_healer::interval);
    mark(30, 2);  // 2 and 3 were published by the one before
    EXPECT_EQ(told, texts{"1"});
    subscribed();
    last(30);
    bring("5");
    mark(40, 2);
    EXPECT_EQ(w.reads.front().after, 10U);
    page({{20, message_to("a", "1")}, {30, message_to("a", "2")}, {40, message_to("a", "3")}}, 40);
    EXPECT_EQ(told, (texts{"1", "2", "3", "5"}));
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    timers.advance(gap_healer::interval * gap_healer::quiet_intervals);
    mark(40, 2);
    EXPECT_TRUE(w.subscribing.empty()) << "known by now";
}

TEST_F(GapHealer, WhoKeepsTheMarkIsLearntInAGapAsWell) {
    break_at(10, 10);
    healer->on_gap();
    subscribed();
    last(10);
    mark(10, 2);
    timers.advance(gap_healer::interval * gap_healer::quiet_intervals);
    mark(10, 2);
    EXPECT_TRUE(w.subscribing.empty());
    // Where that is not told nothing follows from it.
    timers.advance(gap_healer::interval * gap_healer::quiet_intervals);
    mark(10, 0);
    timers.advance(gap_healer::interval * gap_healer::quiet_intervals);
    mark(10, 2);
    EXPECT_TRUE(w.subscribing.empty());
    EXPECT_EQ(count(metric::outbox_gaps_healed), 2U);
}

TEST_F(GapHealer, AMarkThatDoesNotComeIsAskedForAgain) {
    mark(10);
    healer->on_gap();
    subscribed();
    last(0);
    ASSERT_EQ(w.marks.size(), 1U);
    timers.advance(gap_healer::mark_patience + gap_healer::interval);
    ASSERT_EQ(w.marks.size(), 2U);
    mark(15);  // what was brought when it came is not known any more
    EXPECT_TRUE(w.reads.empty());
    mark(20);
    timers.advance(gap_healer::mark_patience * 2);
    EXPECT_TRUE(w.marks.empty()) << "it has come";
    EXPECT_EQ(w.reads.front().up_to, 20U);
    page({{20, message_to("a", "1")}}, 20);
    EXPECT_EQ(told, texts{"1"});
}

TEST_F(GapHealer, MuchIsToldInSlicesAndWhatComesHasItsPlaceBehindIt) {
    break_at(10, 500);
    std::vector<std::pair<std::uint64_t, chat::change>> rows;
    texts expected;
    for (std::uint64_t id = 11; id <= 500; ++id) {
        expected.push_back(std::to_string(id) + std::string(1000, 'x'));
        rows.emplace_back(id, message_to("a", expected.back()));
    }
    rows.emplace_back(500, join_of("ann", "a"));
    expected.emplace_back("+a");
    page(std::move(rows), 500);
    subscribed();  // to what is joined
    last(0);
    mark(500);
    EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    EXPECT_GT(told.size(), 20U);
    EXPECT_LT(told.size(), 80U);
    bring("later");
    healer->on_request(join_of("ann", "b"));
    // Another gap meanwhile, whose part comes behind all of it.
    w.subscribing.clear();  // what nobody waits for
    healer->on_gap();
    subscribed();
    last(0);
    mark(510);
    bring("last");
    page({{505, message_to("a", "later")},
          {506, join_of("ann", "b")},
          {510, message_to("a", "missed")}},
         510);
    // The join was read once more, for the room that it names.
    subscribed();
    last(0);
    mark(510);
    EXPECT_LT(told.size(), 80U);
    timers.advance(paced_teller::pause * 20);
    for (const char* text : {"later", "+b", "missed", "last"})
        expected.emplace_back(text);
    EXPECT_EQ(told, expected);
    bring("at once");
    EXPECT_EQ(told.back(), "at once");
}

class GapHealerGivesUp : public GapHealer {
protected:
    /// What was kept back has been told, and the next gap can be healed.
    void expect_left(const texts& kept) {
        EXPECT_EQ(told, kept);
        EXPECT_EQ(count(metric::outbox_gaps_left), 1U);
        EXPECT_EQ(count(metric::outbox_gaps_healed), 0U);
        bring("next");
        EXPECT_EQ(told.back(), "next");
        told.clear();
        // Nobody waits for what was asked before.
        w.marks.clear();
        w.lasts.clear();
        w.reads.clear();
        timers.advance(gap_healer::interval);
        last(0);
        break_at(100, 110);
        page({{110, message_to("a", "healed")}}, 110);
        EXPECT_EQ(told, texts{"healed"});
        EXPECT_EQ(count(metric::outbox_gaps_healed), 1U);
    }
};

TEST_F(GapHealerGivesUp, BeforeThereWasAMark) {
    healer->on_gap();
    bring("1");
    subscribed();
    expect_left({"1"});
}

TEST_F(GapHealerGivesUp, WhenRowsAreNotKeptAnyMore) {
    break_at(10, 30);
    bring("3");
    page({{30, message_to("a", "2")}}, 30, 11);
    expect_left({"3"});
}

TEST_F(GapHealerGivesUp, WhenThereIsNoHistory) {
    mark(10);
    healer->on_gap();
    subscribed();
    bring("3");
    last(boost::system::error_code(1, boost::system::generic_category()));
    expect_left({"3"});
}

TEST_F(GapHealerGivesUp, WhenItTakesTooLong) {
    mark(10);
    healer->on_gap();
    timers.advance(gap_healer::patience * 3);  // nothing is kept back: no hurry
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
    subscribed();
    last(0);
    bring("3");
    timers.advance(gap_healer::patience);
    expect_left({"3"});
}

TEST_F(GapHealerGivesUp, WhenSomethingIsKeptBackForTooLongWhateverComesAndGoesMeanwhile) {
    mark(10);
    healer->on_gap();
    subscribed();
    last(0);
    timers.advance(gap_healer::patience * 2);
    bring("3");
    timers.advance(gap_healer::patience / 2);
    healer->on_gap();
    subscribed();
    bring("4");
    timers.advance(gap_healer::patience / 2 - 1s);
    EXPECT_TRUE(told.empty());
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
    timers.advance(1s);
    expect_left({"3", "4"});
}

TEST_F(GapHealer, ALongHistoryMayTakeAsLongAsReadingGetsOn) {
    break_at(10, 50);
    bring("6");
    for (std::uint64_t id = 20; id < 50; id += 10) {
        timers.advance(gap_healer::patience - 1s);
        page({{id, message_to("a", std::to_string(id / 10))}}, id);
    }
    timers.advance(gap_healer::patience - 1s);
    EXPECT_TRUE(told.empty());
    page({{50, message_to("a", "5")}}, 50);
    EXPECT_EQ(told, (texts{"2", "3", "4", "5", "6"}));
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
}

TEST_F(GapHealerGivesUp, WhenTheSameIsReadAgainAndAgain) {
    break_at(10, 50);
    bring("6");
    timers.advance(gap_healer::patience - 1s);
    page({{20, message_to("a", "2")}}, 20);
    timers.advance(gap_healer::patience / 2);
    healer->on_gap();
    w.reads.clear();
    subscribed();
    last(0);
    mark(50);
    page({{20, message_to("a", "2")}}, 20);
    timers.advance(gap_healer::patience / 2);
    expect_left({"6"});
}

TEST_F(GapHealerGivesUp, WhenRowsHaveGoneMeanwhileAndNothingIsKeptBack) {
    mark(10);
    healer->on_gap();
    subscribed();
    last(0);
    timers.advance(gap_healer::patience * 20);
    while (w.marks.size() > 1)
        mark(40);
    EXPECT_EQ(count(metric::outbox_gaps_left), 0U);
    mark(40);
    page({{40, message_to("a", "4")}}, 40, 30);
    expect_left({});
}

TEST_F(GapHealerGivesUp, WhenTooMuchIsKeptBack) {
    mark(10);
    healer->on_gap();
    subscribed();
    const std::string large(gap_healer::most_kept / 4, 'x');
    for (int i = 0; i < 3; ++i)
        bring(large);
    EXPECT_TRUE(told.empty());
    healer->on_messages({message_to("a", large), message_to("a", "behind it")});
    EXPECT_EQ(told.size(), 1U);
    timers.advance(paced_teller::pause * 5);
    expect_left({large, large, large, large, "behind it"});
}

TEST_F(GapHealerGivesUp, WhenTooMuchWasBroughtSinceTheMark) {
    mark(10);
    for (std::size_t i = 0; i < gap_healer::most_in_doubt; ++i)
        bring(std::to_string(i));
    EXPECT_EQ(w.marks.size(), 1U) << "asked for long before";
    w.marks.clear();
    told.clear();
    healer->on_gap();
    subscribed();
    expect_left({});
}

TEST_F(GapHealer, AnswersAfterItsEndAreDropped) {
    mark(10);
    healer->on_gap();
    subscribed();
    healer.reset();
    last(0);
    EXPECT_TRUE(w.marks.empty());
    timers.advance(gap_healer::patience * 2);
}

}  // namespace
}  // namespace chat_gateway::gateway
