#include "refused_sessions.hpp"

#include <gtest/gtest.h>

#include <variant>

namespace chat_gateway::gateway {
namespace {

using std::chrono_literals::operator""s;

constexpr slot_handle session{3, 1};

class RefusedSessions : public testing::Test {
protected:
    RefusedSessions() { all.add(session, nullptr, true, now); }
    std::vector<std::string> answers_to(std::string_view text) {
        return all.on_message(session, text, false).answers;
    }

    const time_point now{1s};
    refused_sessions all;
};

TEST_F(RefusedSessions, AnswerConnectWithTheError) {
    const auto out = all.on_message(session, "0", false);
    EXPECT_EQ(out.answers, std::vector<std::string>{R"(4{"message":"Unauthorized"})"});
    EXPECT_EQ(out.unauthorized, 1U);
    EXPECT_FALSE(out.malformed);
}

TEST_F(RefusedSessions, AnswerEveryConnectAlikeWhateverItBrings) {
    for (const auto* text : {"0", R"(0{"token":"t"})", R"(0{"pid":"p","offset":"o"})"}) {
        EXPECT_EQ(answers_to(text), std::vector<std::string>{R"(4{"message":"Unauthorized"})"})
            << text;
    }
}

TEST_F(RefusedSessions, KnowNoOtherNamespace) {
    const auto out = all.on_message(session, "0/admin,", false);
    EXPECT_EQ(out.answers, std::vector<std::string>{R"(4/admin,{"message":"Invalid namespace"})"});
    EXPECT_EQ(out.unauthorized, 0U);
}

TEST_F(RefusedSessions, EndWithWhateverElseIsSent) {
    for (const auto* text : {R"(2["clientJoinRoom",{"chat_id":"c"}])", "1", "garbage"}) {
        refused_sessions some;
        some.add(session, nullptr, true, now);
        (void)some.on_message(session, "0", false);
        const auto out = some.on_message(session, text, false);
        EXPECT_TRUE(out.malformed) << text;
        EXPECT_TRUE(out.answers.empty()) << text;
    }
    EXPECT_TRUE(all.on_message(session, "bytes", true).malformed);
}

TEST_F(RefusedSessions, AreFoundByTheirWholeHandle) {
    EXPECT_NE(all.find(session), nullptr);
    const slot_handle later{session.index, session.generation + 1};
    EXPECT_EQ(all.find(later), nullptr);
    EXPECT_TRUE(all.on_message(later, "0", false).answers.empty());
    all.remove(later);
    EXPECT_EQ(all.size(), 1U);
    all.remove(session);
    EXPECT_EQ(all.size(), 0U);
}

TEST_F(RefusedSessions, HaveABound) {
    for (std::uint32_t n = 10; all.size() < refused_sessions::most; ++n) {
        EXPECT_FALSE(all.full());
        all.add({n, 1}, nullptr, false, now);
    }
    EXPECT_TRUE(all.full());
    all.remove(session);
    EXPECT_FALSE(all.full());
}

TEST_F(RefusedSessions, KeepTheirPlaceUntilTheyEnd) {
    const auto limits = std::make_shared<connection_limits>(limit_options{.connections = 1});
    all.add({7, 1}, std::move(std::get<0>(limits->enter(std::nullopt, now))), false, now);
    EXPECT_EQ(limits->connections(), 1U);
    all.remove({7, 1});
    EXPECT_EQ(limits->connections(), 0U);
}

}  // namespace
}  // namespace chat_gateway::gateway
