#include "stored_recovery.hpp"

#include "kept_session.hpp"
#include "support/fake_recovery_store.hpp"
#include "support/manual_scheduler.hpp"

#include <chat_gateway/socketio/stream_position.hpp>

#include <gtest/gtest.h>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;
using socketio::stream_id;

constexpr const char* ours = "a connection's owner";
constexpr const char* theirs = "another one's owner.";

class StoredRecovery : public ::testing::Test {
protected:
    /// The same one each time.
    [[nodiscard]] suspended_session session() const { return session(same, 10); }
    static suspended_session another(std::uint64_t start) {
        return session(public_id::make(0, 1), start);
    }
    static suspended_session session(const public_id& name, std::uint64_t start) {
        suspended_session s{.pid = name,
                            .id = public_id::make(0, 2),
                            .user = "ada",
                            .start = start,
                            .rooms = {{"a", start}},
                            .left = {}};
        s.owner = ours;
        s.given = start;
        s.through = start;
        return s;
    }
    void message(std::uint64_t position, const std::string& room = "a") {
        store.kept.push_back({.position = position,
                              .what = socketio::cluster::message{
                                  .packet = "2[\"m\"]", .rooms = {room}, .position = position}});
        under_test.on_reached(position);
    }
    keep_result keep(const suspended_session& s, bool first) {
        std::optional<keep_result> outcome;
        under_test.keep(s, first, [&](keep_result r) { outcome = r; });
        timers.advance(0ms);
        timers.advance(0ms);
        return outcome.value();
    }
    std::optional<suspended_session> there(const suspended_session& s) {
        const auto found = store.sessions.find(s.pid.text());
        return found == store.sessions.end() ? std::nullopt : read_kept(found->second);
    }
    bool drop(const suspended_session& s) {
        std::optional<bool> dropped;
        under_test.drop(s, [&](bool d) { dropped = d; });
        timers.advance(0ms);
        return dropped.value();
    }
    std::string find(const std::string& pid, const std::string& user) {
        std::string why = "nothing";
        under_test.find(pid, user, [&](stored_recovery::found f) {
            why = std::holds_alternative<suspended_session>(f)
                      ? "found"
                      : std::string(to_string(std::get<recovery_failure>(f)));
        });
        timers.advance(0ms);
        timers.advance(0ms);
        return why;
    }
    /// What became of it: the positions missed, or why not.
    void resume(const suspended_session& s, std::uint64_t offset, std::string* into,
                std::vector<std::string> rooms = {"a"}) {
        under_test.resume({s.pid.text(), stream_id(offset)}, s.user, std::move(rooms),
                          [into](stored_recovery::outcome o) {
                              *into = "missed";
                              if (const auto* r = std::get_if<resumption>(&o)) {
                                  for (const auto& d : r->missed)
                                      *into += " " + std::to_string(d->position);
                              } else {
                                  *into = to_string(std::get<recovery_failure>(o));
                              }
                          });
    }
    std::string resumed(const suspended_session& s, std::uint64_t offset,
                        std::vector<std::string> rooms = {"a"}) {
        std::string outcome = "nothing";
        resume(s, offset, &outcome, std::move(rooms));
        run();
        return outcome;
    }
    void run() {
        for (int n = 0; n < 20; ++n)
            timers.advance(0ms);
    }
    static std::shared_ptr<const delivery> encoded(std::uint64_t position,
                                                   std::vector<std::string> rooms) {
        auto d = std::make_shared<delivery>();
        d->text = server::wire_bytes::message("2[\"m\"]");
        d->rooms = std::move(rooms);
        d->position = position;
        return d;
    }

    const public_id same = public_id::make(0, 1);
    tests::manual_scheduler timers;
    tests::fake_recovery_store store{timers};
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::vector<std::pair<std::string, std::string>> announced;
    stored_recovery under_test{
        timers,
        store,
        counts,
        {.window = 120s, .packet_time = 165s, .session_bytes = 4096, .total_bytes = 65536},
        [](socketio::cluster::message&& m) { return encoded(m.position, std::move(m.rooms)); },
        [this](auto returned) { announced = std::move(returned); }};
};

TEST_F(StoredRecovery, ALiveSessionIsKeptLongerThanItTakesToKeepItAgain) {
    EXPECT_EQ(keep(session(), true), keep_result::kept);
    ASSERT_TRUE(there(session()));
    EXPECT_TRUE(there(session())->live);
    EXPECT_GE(store.last_ttl, 165s + stored_recovery::refresh);
}

TEST_F(StoredRecovery, ALostOneForTheWindow) {
    keep(session(), true);
    under_test.suspend(session());
    EXPECT_FALSE(there(session())->live);
    EXPECT_EQ(store.last_ttl, 120s);
}

TEST_F(StoredRecovery, ASessionThatAnotherConnectionHasIsLeftAlone) {
    auto s = session();
    s.owner = theirs;
    keep(s, true);
    EXPECT_EQ(keep(session(), false), keep_result::kept);
    under_test.suspend(session());
    EXPECT_TRUE(drop(session()));
    ASSERT_TRUE(there(s));
    EXPECT_EQ(there(s)->owner, theirs);
    EXPECT_TRUE(there(s)->live);
}

TEST_F(StoredRecovery, ALiveOneThatIsLostIsKeptAnew) {
    EXPECT_EQ(keep(session(), false), keep_result::kept);
    EXPECT_TRUE(there(session()));
    store.sessions.clear();
    under_test.suspend(session());
    EXPECT_FALSE(there(session())) << "its client may have come back already";
}

TEST_F(StoredRecovery, WhatCannotBeKeptIsSaid) {
    store.away = true;
    EXPECT_EQ(keep(session(), true), keep_result::failed);
    EXPECT_EQ(counts.load(metric::recovery_store_failures), 1U);
    store.away = false;
    keep(session(), true);
    auto large = session();
    large.rooms.push_back({std::string(5000, 'x'), 10});
    EXPECT_EQ(keep(large, false), keep_result::too_large);
    EXPECT_EQ(counts.load(metric::recovery_evicted_session), 1U);
    store.away = true;
    EXPECT_FALSE(drop(session()));
    store.away = false;
    EXPECT_TRUE(drop(session()));
    EXPECT_FALSE(there(session()));
}

TEST_F(StoredRecovery, IsFoundByItsUserAlone) {
    keep(session(), true);
    const auto kept = there(session()).value();
    EXPECT_EQ(find(kept.pid.text(), "eve"), "unknown_session");
    EXPECT_EQ(find(public_id::make(0, 3).text(), "ada"), "unknown_session");
    EXPECT_EQ(find(kept.pid.text(), "ada"), "found");
    store.away = true;
    EXPECT_EQ(find(kept.pid.text(), "ada"), "unavailable");
}

TEST_F(StoredRecovery, NotByAUserWhoWasCutOffSince) {
    const auto before = another(10);
    const auto after = another(11);
    keep(before, true);
    keep(after, true);
    under_test.on_reached(10);
    under_test.cut("ada");
    EXPECT_EQ(find(before.pid.text(), "ada"), "unknown_session");
    EXPECT_EQ(find(after.pid.text(), "ada"), "found");
}

TEST_F(StoredRecovery, GetsWhatItHasMissedOnce) {
    const auto s = session();
    keep(s, true);
    message(10);
    message(11);
    message(12, "b");
    message(13);
    EXPECT_EQ(resumed(s, 11), "missed 13");
    EXPECT_EQ(resumed(s, 11), "unknown_session");
}

TEST_F(StoredRecovery, RoomsThatItMayNotComeBackToAreLeftOut) {
    auto s = session();
    s.rooms.push_back({"b", 10});
    keep(s, true);
    message(10);
    message(11);
    message(12, "b");
    EXPECT_EQ(resumed(s, 10), "missed 11");
}

TEST_F(StoredRecovery, AnOffsetFromBeforeItsStartCountsFromItsStart) {
    const auto s = another(11);
    keep(s, true);
    message(10);
    message(11);
    message(12);
    EXPECT_EQ(resumed(s, 5), "missed 12");
}

TEST_F(StoredRecovery, OffsetsThatNobodyGaveAreRefused) {
    message(10);
    const auto with = [&](const std::string& offset) {
        const auto s = session();
        keep(s, true);
        std::string outcome;
        under_test.resume({s.pid.text(), offset}, "ada", {"a"}, [&](stored_recovery::outcome o) {
            outcome = to_string(std::get<recovery_failure>(o));
        });
        run();
        return outcome;
    };
    EXPECT_EQ(with("nonsense"), "unknown_offset");
    EXPECT_EQ(with("11"), "unknown_offset");
}

TEST_F(StoredRecovery, WhoHasSeenTheLastOneGivenHasSeenAllUpToWhereThereWasNoOther) {
    auto s = session();
    s.given = 11;
    s.through = 20;
    keep(s, true);
    // 10 to 19 are forgotten.
    message(20, "b");
    message(21);
    EXPECT_EQ(resumed(s, 11), "missed 21");
    keep(s, true);
    EXPECT_EQ(resumed(s, 10), "incomplete") << "it has not seen 11";
}

TEST_F(StoredRecovery, ALossOfTheStoreIsNoGap) {
    const auto s = session();
    keep(s, true);
    message(10);
    store.away = true;
    EXPECT_EQ(resumed(s, 10), "unavailable");
    store.away = false;
    EXPECT_EQ(resumed(s, 10), "missed");
    keep(s, true);
    store.holds_reads = true;
    std::string outcome;
    resume(s, 10, &outcome);
    run();
    ASSERT_EQ(store.held.size(), 1U);
    EXPECT_EQ(outcome, "");
}

// What reaches the hub while the past is read is neither missed nor given twice.
TEST_F(StoredRecovery, WhatComesWhileThePastIsReadComesBehindIt) {
    const auto s = session();
    keep(s, true);
    message(10);
    message(11);
    store.holds_reads = true;
    std::string outcome;
    resume(s, 10, &outcome);
    run();
    under_test.on_delivery(encoded(11, {"a"}));  // read already
    under_test.on_delivery(encoded(12, {"a"}));
    under_test.on_delivery(encoded(13, {"b"}));
    under_test.on_reached(13);
    for (auto& answer : std::exchange(store.held, {}))
        answer();
    EXPECT_EQ(outcome, "missed 11 12");
    under_test.on_delivery(encoded(14, {"a"}));
    EXPECT_EQ(outcome, "missed 11 12");
}

// Another gateway has given it what this one has not read yet.
TEST_F(StoredRecovery, AGatewayThatIsBehindCatchesUpFirst) {
    const auto s = session();
    keep(s, true);
    message(10);
    std::string outcome = "nothing";
    resume(s, 12, &outcome);
    run();
    EXPECT_EQ(outcome, "nothing");
    message(11);
    run();
    EXPECT_EQ(outcome, "nothing");
    message(12);
    message(13);
    under_test.on_delivery(encoded(13, {"a"}));
    run();
    EXPECT_EQ(outcome, "missed 13");
}

TEST_F(StoredRecovery, AnOffsetThatIsNeverReachedIsRefused) {
    const auto s = session();
    keep(s, true);
    message(10);
    std::string outcome = "nothing";
    resume(s, 12, &outcome);
    timers.advance(stored_recovery::patience);
    EXPECT_EQ(outcome, "unknown_offset");
}

TEST_F(StoredRecovery, WhatGoesWhileThePastIsReadIsNotPassedOver) {
    message(10);
    for (std::uint64_t n = 11; n < 500; ++n)
        message(n);
    const auto s = session();
    keep(s, true);
    store.holds_reads = true;
    std::string outcome = "nothing";
    resume(s, 10, &outcome);
    run();
    std::erase_if(store.kept, [](const auto& p) { return p.position >= 150 && p.position < 300; });
    for (int n = 0; n < 5; ++n) {
        for (auto& answer : std::exchange(store.held, {}))
            answer();
    }
    EXPECT_EQ(outcome, "incomplete");
}

TEST_F(StoredRecovery, AnEndThatRedisHasLostIsNotPassedOver) {
    message(10);
    message(11);
    message(12);
    store.kept.pop_back();
    const auto s = session();
    keep(s, true);
    EXPECT_EQ(resumed(s, 10), "incomplete");
}

TEST_F(StoredRecovery, BehindAGapOnlyWhatBeganBehindItIsKnown) {
    const auto s = session();
    keep(s, true);
    message(10);
    message(11);
    under_test.on_gap();
    EXPECT_EQ(resumed(s, 10), "incomplete");
    message(12);
    message(13);
    keep(s, true);
    EXPECT_EQ(resumed(s, 11), "incomplete");
    keep(s, true);
    EXPECT_EQ(resumed(s, 12), "missed 13");
}

TEST_F(StoredRecovery, AGapWhileThePastIsReadMakesItUnknown) {
    const auto s = session();
    keep(s, true);
    message(10);
    store.holds_reads = true;
    std::string outcome;
    resume(s, 10, &outcome);
    run();
    under_test.on_gap();
    message(11);
    for (auto& answer : std::exchange(store.held, {}))
        answer();
    EXPECT_EQ(outcome, "incomplete");
}

TEST_F(StoredRecovery, AStormOfSessionsLeavesRedisTimeForOthers) {
    std::size_t failed = 0;
    for (std::size_t n = 0; n < stored_recovery::most_under_way + 10; ++n)
        under_test.keep(another(10), true, [&](keep_result r) {
            if (r == keep_result::failed) ++failed;
        });
    EXPECT_EQ(failed, 10U);
    EXPECT_EQ(store.puts, stored_recovery::most_under_way);
    run();
    EXPECT_EQ(keep(session(), true), keep_result::kept);
}

TEST_F(StoredRecovery, SaysWhenTheStoreHasAll) {
    int said = 0;
    under_test.when_stored([&] { ++said; });
    EXPECT_EQ(said, 1) << "nothing is under way";
    under_test.keep(session(), true, [](keep_result) {});
    auto lost = another(11);
    under_test.suspend(lost);
    under_test.drop(another(12), [](bool) {});
    under_test.when_stored([&] { ++said; });
    EXPECT_EQ(said, 1);
    run();
    EXPECT_EQ(said, 2);
}

TEST_F(StoredRecovery, WhatTheStoreRefusesIsNotWaitedForEither) {
    store.away = true;
    int said = 0;
    under_test.suspend(session());
    under_test.when_stored([&] { ++said; });
    run();
    EXPECT_EQ(said, 1);
}

TEST_F(StoredRecovery, TooMuchMeanwhileIsIncomplete) {
    const auto s = session();
    keep(s, true);
    message(10);
    store.holds_reads = true;
    std::string outcome;
    resume(s, 10, &outcome);
    run();
    for (std::uint64_t n = 11; n < 2000; ++n)
        under_test.on_delivery(encoded(n, {"b"}));
    for (auto& answer : std::exchange(store.held, {}))
        answer();
    EXPECT_EQ(outcome, "incomplete");
}

TEST_F(StoredRecovery, ManyThatComeTogetherAreServedByOneWalk) {
    message(10);
    for (std::uint64_t n = 11; n < 500; ++n)
        message(n, "b");
    message(500);
    std::vector<std::string> outcomes(300);
    for (auto& outcome : outcomes) {
        const auto s = another(10);
        keep(s, true);
        resume(s, 10, &outcome);
    }
    store.reads = 0;
    run();
    for (const auto& outcome : outcomes)
        EXPECT_EQ(outcome, "missed 500");
    EXPECT_LE(store.reads, 6U) << "three pages, for the first one and for all others";
}

TEST_F(StoredRecovery, AReadThatFailsOnTheWayIsSaidToAll) {
    message(10);
    for (std::uint64_t n = 11; n < 500; ++n)
        message(n);
    const auto s = session();
    keep(s, true);
    store.holds_reads = true;
    std::string outcome;
    resume(s, 10, &outcome);
    run();
    store.away = true;
    for (auto& answer : std::exchange(store.held, {}))
        answer();
    run();
    EXPECT_EQ(outcome, "unavailable");
}

TEST_F(StoredRecovery, TheOthersAreToldOfConnectionsThatMayStillBeOpen) {
    message(10);
    const auto live = another(10);
    keep(live, true);
    const auto gone = another(10);
    keep(gone, true);
    under_test.suspend(gone);
    resumed(live, 10);
    resumed(gone, 10);
    EXPECT_TRUE(announced.empty());
    timers.advance(100ms);
    ASSERT_EQ(announced.size(), 1U);
    EXPECT_EQ(announced[0].first, live.pid.text());
    EXPECT_EQ(announced[0].second, "ada");
}

TEST_F(StoredRecovery, OneThatIsGivenBackServesAgain) {
    message(10);
    const auto s = session();
    keep(s, true);
    EXPECT_EQ(resumed(s, 10), "missed");
    under_test.give_back(s);
    EXPECT_EQ(resumed(s, 10), "missed");
}

}  // namespace
}  // namespace chat_gateway::gateway
