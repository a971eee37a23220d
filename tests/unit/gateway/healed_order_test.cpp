#include "healed_order.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

namespace chat_gateway::gateway {
namespace {

using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using texts = std::vector<std::string>;

/// `room:text`, a message; `+user room` and `-user room`, a membership.
chat::change change_of(const std::string& text) {
    if (text[0] == '+' || text[0] == '-') {
        const auto blank = text.find(' ');
        request r;
        r.kind = text[0] == '+' ? request_kind::join : request_kind::leave;
        r.to.rooms = {"user:" + text.substr(1, blank - 1)};
        r.rooms = {text.substr(blank + 1)};
        return r;
    }
    message m;
    m.packet = R"(2["serverMessage",")" + text + "\"]";
    m.rooms = {text.substr(0, text.find(':'))};
    return m;
}

std::string text_of(const chat::change& c) {
    if (const auto* r = std::get_if<request>(&c)) {
        const bool joins = r->kind == request_kind::join;
        return (joins ? "+" : "-") + r->to.rooms.front().substr(5) + ' ' + r->rooms.front();
    }
    const auto& packet = std::get<message>(c).packet;
    return packet.substr(19, packet.size() - 21);
}

std::vector<kept_change> kept(const texts& list) {
    std::vector<kept_change> out;
    for (const auto& text : list) {
        auto what = change_of(text);
        const auto mark = fingerprint(what);
        out.push_back({std::move(what), mark});
    }
    return out;
}

struct outcome {
    texts told;
    std::size_t missed = 0;
};

outcome tell(const texts& published, const texts& before, const texts& after, std::size_t overlap) {
    gap_sides gap{.published = kept(published), .after = kept(after), .overlap = overlap};
    for (const auto& text : before)
        gap.before.push_back(fingerprint(change_of(text)));
    outcome out;
    out.missed = tell_in_order(std::move(gap),
                               [&](const chat::change& c) { out.told.push_back(text_of(c)); });
    return out;
}

TEST(HealedOrder, WhatWasNotBroughtComesFirst) {
    const auto out = tell({"a:1", "a:2"}, {}, {"a:3", "a:4"}, 0);
    EXPECT_EQ(out.told, (texts{"a:1", "a:2", "a:3", "a:4"}));
    EXPECT_EQ(out.missed, 2U);
}

TEST(HealedOrder, WhatWasBroughtBeforeTheGapIsNotToldAgain) {
    const auto out = tell({"a:1", "a:2", "a:3"}, {"a:1", "a:2"}, {}, 0);
    EXPECT_EQ(out.told, texts{"a:3"});
    EXPECT_EQ(out.missed, 1U);
}

TEST(HealedOrder, NorIsWhatWasAheadOfThatAndForNobodyThen) {
    // Somebody has entered room b between the two.
    const auto out = tell({"b:1", "b:2", "b:3"}, {"b:2"}, {}, 0);
    EXPECT_EQ(out.told, texts{"b:3"});
}

TEST(HealedOrder, WhatTheBusBringsAgainIsToldOnceAndInItsPlace) {
    // b was subscribed to behind a: its second was missed, and its third was not.
    const auto out = tell({"a:1", "a:2", "b:2", "a:3", "b:3", "a:4"}, {},
                          {"a:2", "other:x", "a:3", "b:3", "a:4", "a:5"}, 5);
    EXPECT_EQ(out.told, (texts{"a:1", "a:2", "b:2", "other:x", "a:3", "b:3", "a:4", "a:5"}));
    EXPECT_EQ(out.missed, 2U);
}

TEST(HealedOrder, WhatComesBehindTheOverlapIsNotTakenForSomethingReadBefore) {
    // The same membership twice: the one read, and a later one.
    const auto out = tell({"+ann a", "-ann a"}, {}, {"+ann a"}, 0);
    EXPECT_EQ(out.told, (texts{"+ann a", "-ann a", "+ann a"}));
}

TEST(HealedOrder, EqualMembershipsAreToldAsOftenAsTheyAreMissed) {
    const auto out = tell({"+ann a", "-ann a", "+ann a", "a:1"}, {"+ann a"}, {"a:1"}, 1);
    EXPECT_EQ(out.told, (texts{"-ann a", "+ann a", "a:1"}));
    EXPECT_EQ(out.missed, 2U);
}

TEST(HealedOrder, MembershipsKeepTheirPlaceAmongMessages) {
    const auto out = tell({"a:1", "-ann a", "a:2", "+ann b", "b:1"}, {}, {"a:2", "b:1"}, 2);
    EXPECT_EQ(out.told, (texts{"a:1", "-ann a", "a:2", "+ann b", "b:1"}));
}

TEST(HealedOrder, WhatNoOutboxWritesHasNoFingerprint) {
    auto several = std::get<message>(change_of("a:1"));
    several.rooms.push_back("b");
    auto except = std::get<message>(change_of("a:1"));
    except.except = {"x"};
    request fetch;
    fetch.to.rooms = {"a"};
    for (const chat::change& c : {chat::change(several), chat::change(except), chat::change(fetch)})
        EXPECT_EQ(fingerprint(c), 0U);
    EXPECT_NE(fingerprint(change_of("a:1")), fingerprint(change_of("a:2")));
    EXPECT_NE(fingerprint(change_of("+ann a")), fingerprint(change_of("-ann a")));
    EXPECT_NE(fingerprint(change_of("+ann a")), fingerprint(change_of("+ann b")));
}

// Any break, any order in which rooms are subscribed to again, other publishers in between: each
// of the outbox's once, in its order within every room, and every other message in its order.
TEST(HealedOrder, ExactlyOnceWhereverTheBusBreaks) {
    std::minstd_rand random(11);
    const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
    for (int round = 0; round < 3000; ++round) {
        texts all;  // what is published, others' among it
        texts of_outbox;
        for (std::size_t i = 0, n = below(30); i < n; ++i) {
            const std::string room(1, static_cast<char>('a' + below(3)));
            const bool others = below(5) == 0;
            all.push_back(room + (others ? ":x" : ":") + std::to_string(i));
            if (!others) of_outbox.push_back(all.back());
        }
        const auto certain = below(all.size() + 1);
        const auto broken = certain + below(all.size() + 1 - certain);
        const auto cut = broken + below(all.size() + 1 - broken);
        std::map<char, std::size_t> heard_from;
        for (const char room : {'a', 'b', 'c'})
            heard_from[room] = broken + below(cut + 1 - broken);
        const auto is_row = [](const std::string& text) {
            return text.find('x') == std::string::npos;
        };
        texts published;
        texts before;
        texts after;
        texts told_before;
        std::size_t overlap = 0;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (i >= certain && i < cut && is_row(all[i])) published.push_back(all[i]);
            if (i >= certain && i < broken) before.push_back(all[i]);
            if (i < broken) told_before.push_back(all[i]);
            if (i >= broken && i >= heard_from[all[i][0]]) {
                after.push_back(all[i]);
                overlap += i < cut ? 1 : 0;
            }
        }
        auto told = told_before;
        for (auto& text : tell(published, before, after, overlap).told)
            told.push_back(text);
        for (const char room : {'a', 'b', 'c'}) {
            texts expected;
            texts got;
            texts others_expected;
            texts others_got;
            for (const auto& text : all)
                if (text[0] == room && is_row(text)) expected.push_back(text);
            for (const auto& text : told) {
                if (text[0] != room) continue;
                (is_row(text) ? got : others_got).push_back(text);
            }
            for (const auto& list : {told_before, after})
                for (const auto& text : list)
                    if (text[0] == room && !is_row(text)) others_expected.push_back(text);
            ASSERT_EQ(got, expected);
            ASSERT_EQ(others_got, others_expected);
        }
    }
}

}  // namespace
}  // namespace chat_gateway::gateway
