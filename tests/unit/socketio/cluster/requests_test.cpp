#include <chat_gateway/socketio/cluster/requests.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::socketio::cluster {
namespace {

using namespace std::chrono_literals;

class Requests : public ::testing::Test {
protected:
    static time_point at(std::chrono::milliseconds t) { return time_point{} + t; }
    static response part(response_kind kind, const std::string& id, std::uint64_t count = 0) {
        response r;
        r.kind = kind;
        r.id = id;
        r.count = count;
        return r;
    }
    bool open(const std::string& id, request_kind kind, std::size_t nodes,
              std::chrono::milliseconds deadline = 5000ms) {
        return under_test.open(id, kind, nodes, at(deadline),
                               [this](answers a) { finished.push_back(std::move(a)); });
    }

    requests under_test;
    std::vector<answers> finished;
};

TEST_F(Requests, IsDoneWhenEveryNodeHasAnswered) {
    ASSERT_TRUE(open("q", request_kind::fetch_sockets, 2));
    under_test.take(part(response_kind::fetched, "q"));
    EXPECT_TRUE(finished.empty());
    under_test.take(part(response_kind::fetched, "q"));
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished[0].responses.size(), 2U);
    EXPECT_EQ(finished[0].missing, 0U);
    EXPECT_EQ(under_test.size(), 0U);
}

TEST_F(Requests, WithNobodyToAskIsDoneAtOnce) {
    ASSERT_TRUE(open("q", request_kind::server_side_emit, 0));
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_TRUE(finished[0].responses.empty());
}

TEST_F(Requests, AtTheDeadlineWhatIsThereCounts) {
    ASSERT_TRUE(open("early", request_kind::all_rooms, 3, 10ms));
    ASSERT_TRUE(open("late", request_kind::all_rooms, 1, 20ms));
    EXPECT_EQ(under_test.next_deadline(), at(10ms));
    under_test.take(part(response_kind::rooms, "early"));
    under_test.give_up(at(9ms));
    EXPECT_TRUE(finished.empty());
    under_test.give_up(at(10ms));
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished[0].responses.size(), 1U);
    EXPECT_EQ(finished[0].missing, 2U);
    EXPECT_EQ(under_test.next_deadline(), at(20ms));
    under_test.take(part(response_kind::rooms, "early"));  // nobody waits for it any more
    EXPECT_EQ(finished.size(), 1U);
}

TEST_F(Requests, ABroadcastIsDoneWhenAllNodesHaveCountedAndAllClientsAcknowledged) {
    ASSERT_TRUE(open("q", request_kind::broadcast, 2));
    under_test.take(part(response_kind::client_count, "q", 1));
    under_test.take(part(response_kind::client_ack, "q"));
    EXPECT_TRUE(finished.empty()) << "the second node has not counted";
    under_test.take(part(response_kind::client_ack, "q"));  // overtakes its node's count
    EXPECT_TRUE(finished.empty());
    under_test.take(part(response_kind::client_count, "q", 2));
    EXPECT_TRUE(finished.empty());
    under_test.take(part(response_kind::client_ack, "q"));
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_EQ(finished[0].count, 3U);
    EXPECT_EQ(finished[0].responses.size(), 3U);
}

TEST_F(Requests, ABroadcastThatReachesNobodyIsDoneWithTheLastCount) {
    ASSERT_TRUE(open("q", request_kind::broadcast, 2));
    under_test.take(part(response_kind::client_count, "q", 0));
    under_test.take(part(response_kind::client_count, "q", 0));
    ASSERT_EQ(finished.size(), 1U);
    EXPECT_TRUE(finished[0].complete(request_kind::broadcast));
}

TEST_F(Requests, UnknownAndUnfittingAnswersAreDropped) {
    ASSERT_TRUE(open("q", request_kind::fetch_sockets, 1));
    under_test.take(part(response_kind::fetched, "other"));
    under_test.take(part(response_kind::rooms, "q"));
    under_test.take(part(response_kind::client_ack, "q"));
    EXPECT_TRUE(finished.empty());
    under_test.take(part(response_kind::fetched, "q"));
    EXPECT_EQ(finished.size(), 1U);
}

TEST_F(Requests, AHandlerMayAskTheNextQuestion) {
    bool second = false;
    ASSERT_TRUE(under_test.open("a", request_kind::all_rooms, 1, at(10ms), [&](const answers&) {
        second = open("b", request_kind::all_rooms, 1, 20ms);
    }));
    ASSERT_TRUE(open("c", request_kind::all_rooms, 1, 10ms));
    under_test.give_up(at(10ms));
    EXPECT_TRUE(second);
    EXPECT_EQ(finished.size(), 1U);
    EXPECT_EQ(under_test.size(), 1U);
}

TEST_F(Requests, AreBounded) {
    for (std::size_t i = 0; i < requests::max_open; ++i)
        ASSERT_TRUE(open(std::to_string(i), request_kind::all_rooms, 1));
    EXPECT_FALSE(open("one more", request_kind::all_rooms, 1));
    under_test.give_up(at(5000ms));
    EXPECT_EQ(finished.size(), requests::max_open);
    EXPECT_TRUE(open("one more", request_kind::all_rooms, 1));
}

}  // namespace
}  // namespace chat_gateway::socketio::cluster
