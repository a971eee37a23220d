#include "connection.hpp"

#include "fake_redis.hpp"
#include "support/run_until.hpp"

#include <chat_gateway/base/log_repetition.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace chat_gateway::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using tests::run_dry;
using tests::run_until;
using namespace std::chrono_literals;
using words = fake_redis::command;

connection_options quick() {
    connection_options o;
    o.link.retry = backoff(1ms, 1ms);
    return o;
}

class RedisConnection : public ::testing::Test {
protected:
    void TearDown() override {
        if (subject_) subject_->stop();
        server_.close();
        run_dry(loop_);
    }

    void connect(connection_options o = quick()) { connect(server_.where(), std::move(o)); }
    void connect(url where, connection_options o = quick()) {
        subject_ = std::make_shared<connection>(loop_, std::move(where), std::move(o));
        subject_->start();
    }
    void connect_and_wait(connection_options o = quick()) {
        connect(std::move(o));
        bool up = false;
        ping(*subject_, [&](result<> r) { up = r.has_value(); });
        run_until(loop_, [&] { return up; });
    }
    /// Collects the answer as text: of the reply, or of the error.
    void ask(std::initializer_list<std::string_view> command) {
        subject_->execute(command, [this](result<reply> r) {
            answers_.push_back(r ? r->text : r.error().message());
        });
    }
    void wait_for_answers(std::size_t n) {
        run_until(loop_, [&] { return answers_.size() >= n; });
    }
    /// Asks until Redis is there again.
    void wait_until_back() {
        bool up = false;
        run_until(loop_, [&] {
            ping(*subject_, [&](result<> r) { up = up || r.has_value(); });
            return up;
        });
        loop_.poll();
    }

    boost::asio::io_context loop_;
    fake_redis server_{loop_};
    std::shared_ptr<connection> subject_;
    std::vector<std::string> answers_;
};

TEST_F(RedisConnection, GreetsWithPingOnly) {
    connect();
    run_until(loop_, [&] { return !server_.received.empty(); });
    EXPECT_THAT(server_.received, ElementsAre(words{"PING"}));
}

TEST_F(RedisConnection, GreetsWithCredentialsAndDatabase) {
    auto where = server_.where();
    where.user = "gate";
    where.password = "secret";
    where.database = 5;
    connect(where);
    ask({"GET", "k"});
    wait_for_answers(1);
    EXPECT_THAT(server_.received, ElementsAre(words{"AUTH", "gate", "secret"}, words{"SELECT", "5"},
                                              words{"PING"}, words{"GET", "k"}));
}

TEST_F(RedisConnection, APasswordAloneIsForTheDefaultUser) {
    auto where = server_.where();
    where.password = "secret";
    connect(where);
    run_until(loop_, [&] { return server_.received.size() == 2; });
    EXPECT_THAT(server_.received, ElementsAre(words{"AUTH", "secret"}, words{"PING"}));
}

TEST_F(RedisConnection, CommandsBeforeTheFirstConnectWaitForIt) {
    server_.answer = [](const words& c) { return "+" + c.back() + "\r\n"; };
    connect();
    ask({"ECHO", "1"});
    ask({"ECHO", "2"});
    EXPECT_TRUE(answers_.empty());
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre("1", "2"));
}

TEST_F(RedisConnection, AnswersGoToTheirCommandsInOrder) {
    connect_and_wait();
    server_.answer = [](const words& c) { return "+" + c.back() + "\r\n"; };
    std::vector<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        expected.push_back(std::to_string(i));
        ask({"ECHO", expected.back()});
    }
    wait_for_answers(expected.size());
    EXPECT_EQ(answers_, expected);
}

TEST_F(RedisConnection, CommandsOfOneTurnLeaveTogether) {
    connect_and_wait();
    const auto before = server_.reads;
    for (int i = 0; i < 100; ++i)
        ask({"GET", "k"});
    wait_for_answers(100);
    EXPECT_EQ(server_.reads, before + 1);
}

TEST_F(RedisConnection, ErrorRepliesAreAnswers) {
    connect_and_wait();
    server_.answer = [](const words&) { return "-WRONGTYPE not a string\r\n"; };
    std::optional<reply> got;
    subject_->execute({"GET", "k"}, [&](result<reply> r) { got = r.value(); });
    run_until(loop_, [&] { return got.has_value(); });
    EXPECT_TRUE(got->is_error());
    std::optional<result<>> pinged;
    ping(*subject_, [&](result<> r) { pinged = r; });
    run_until(loop_, [&] { return pinged.has_value(); });
    EXPECT_EQ(pinged->error(), errc::unavailable);
}

TEST_F(RedisConnection, WithoutARedisTheFirstCommandsFailWithTheAttempt) {
    const auto where = server_.where();
    server_.close();
    connect(where);
    ask({"GET", "k"});
    EXPECT_TRUE(answers_.empty());
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("unavailable"));
    ask({"GET", "k"});
    EXPECT_EQ(answers_.size(), 1U) << "answered from inside the call";
    loop_.poll();
    EXPECT_THAT(answers_, ElementsAre("unavailable", "unavailable"));
}

TEST_F(RedisConnection, WhenItBreaksUnansweredCommandsFailAndItComesBack) {
    connect_and_wait();
    server_.answer = [](const words& c) -> std::string {
        return c.front() == "PING" ? "+PONG\r\n" : "";
    };
    ask({"GET", "1"});
    ask({"GET", "2"});
    run_until(loop_, [&] { return server_.received.size() == 4; });
    server_.drop_all();
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre("unavailable", "unavailable"));
    wait_until_back();
    EXPECT_EQ(server_.connections, 2U);
}

TEST_F(RedisConnection, ACommandThatIsNotAnsweredInTimeEndsTheConnection) {
    auto o = quick();
    o.command_timeout = 50ms;
    connect_and_wait(o);
    server_.answer = [](const words& c) -> std::string {
        return c.front() == "PING" ? "+PONG\r\n" : "";
    };
    const auto start = std::chrono::steady_clock::now();
    ask({"GET", "k"});
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("timed out"));
    EXPECT_GE(std::chrono::steady_clock::now() - start, 50ms);
    wait_until_back();
    EXPECT_EQ(server_.connections, 2U);
}

TEST_F(RedisConnection, AnsweredCommandsDoNotTimeOutHoweverManyFollow) {
    auto o = quick();
    o.command_timeout = 250ms;
    connect_and_wait(o);
    const auto end = std::chrono::steady_clock::now() + 600ms;
    std::function<void()> again = [&] {
        subject_->execute({"GET", "k"}, [&](result<reply> r) {
            if (!r)
                answers_.push_back(r.error().message());
            else if (std::chrono::steady_clock::now() < end)
                again();
            else
                answers_.push_back("end");
        });
    };
    again();
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("end"));
    EXPECT_EQ(server_.connections, 1U);
}

TEST_F(RedisConnection, PendingCommandsAreBounded) {
    auto o = quick();
    o.max_pending = 2;
    connect(o);
    for (int i = 0; i < 3; ++i)
        ask({"GET", "k"});
    wait_for_answers(3);
    EXPECT_THAT(answers_, ElementsAre("overloaded", "OK", "OK"));
    for (int i = 0; i < 3; ++i)
        ask({"GET", "k"});
    wait_for_answers(6);
    EXPECT_EQ(std::count(answers_.begin(), answers_.end(), "overloaded"), 2);
}

TEST_F(RedisConnection, UnsentBytesAreBounded) {
    auto o = quick();
    o.max_unsent = 1000;
    connect_and_wait(o);
    const std::string value(600, 'x');
    ask({"SET", "k", value});
    ask({"SET", "k", value});
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre("overloaded", "OK"));
    ask({"SET", "k", value});
    wait_for_answers(3);
    EXPECT_EQ(answers_.back(), "OK");
}

TEST_F(RedisConnection, StoppingFailsWhatIsPendingAndWhatComesLater) {
    connect_and_wait();
    server_.answer = [](const words&) { return ""; };
    ask({"GET", "1"});
    subject_->stop();
    ask({"GET", "2"});
    EXPECT_TRUE(answers_.empty());
    server_.close();
    run_dry(loop_);
    EXPECT_THAT(answers_, ElementsAre("closed", "closed"));
}

TEST_F(RedisConnection, StoppingBeforeTheFirstConnectEndsTheAttempt) {
    connect();
    ask({"GET", "1"});
    subject_->stop();
    server_.close();
    run_dry(loop_);
    EXPECT_THAT(answers_, ElementsAre("closed"));
}

TEST_F(RedisConnection, LosingTheLastOwnerStopsIt) {
    connect_and_wait();
    server_.answer = [](const words&) { return ""; };
    ask({"GET", "1"});
    subject_.reset();
    server_.close();
    run_dry(loop_);
    EXPECT_THAT(answers_, ElementsAre("closed"));
}

TEST_F(RedisConnection, AHandlerMayStopItAmongAnswers) {
    connect_and_wait();
    ask({"GET", "1"});
    subject_->execute({"GET", "2"}, [&](result<reply>) { subject_->stop(); });
    ask({"GET", "3"});
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre("OK", "closed"));
}

TEST_F(RedisConnection, AHandlerMayLetGoOfIt) {
    connect_and_wait();
    subject_->execute({"GET", "1"}, [&](result<reply>) { subject_.reset(); });
    subject_->execute({"GET", "2"}, [&](result<reply> r) {
        answers_.push_back(r ? r->text : r.error().message());
    });
    wait_for_answers(1);
    EXPECT_EQ(subject_, nullptr);
}

TEST_F(RedisConnection, AHandlerMayAskFurther) {
    connect_and_wait();
    subject_->execute({"GET", "1"}, [&](result<reply>) { ask({"GET", "2"}); });
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("OK"));
}

TEST_F(RedisConnection, WithoutALoginItIsNotUpAndThePasswordIsNotLogged) {
    auto where = server_.where();
    where.password = "hunter2";
    server_.answer = [](const words& c) -> std::string {
        return c.front() == "AUTH" ? "-ERR unknown command, args: hunter2\r\n"
                                   : "-NOAUTH first\r\n";
    };
    testing::internal::CaptureStderr();
    connect(where);
    ask({"GET", "k"});
    wait_for_answers(1);
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(answers_, ElementsAre("unavailable"));
    EXPECT_THAT(log, HasSubstr("redis cannot be reached"));
    EXPECT_THAT(log, HasSubstr("ERR"));
    EXPECT_THAT(log, Not(HasSubstr("hunter2")));
}

TEST_F(RedisConnection, ARedisThatIsStillLoadingIsAskedAgain) {
    int pings = 0;
    server_.answer = [&](const words&) {
        return ++pings < 3 ? "-LOADING dataset\r\n" : "+PONG\r\n";
    };
    connect();
    wait_until_back();
    EXPECT_EQ(server_.connections, 3U);
}

TEST_F(RedisConnection, ARedisThatDoesNotGreetBackIsGivenUp) {
    server_.answer = [](const words&) { return ""; };
    auto o = quick();
    o.link.connect_timeout = 50ms;
    connect(o);
    ask({"GET", "k"});
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("unavailable"));
    server_.answer = [](const words&) { return "+PONG\r\n"; };
    wait_until_back();
    EXPECT_GE(server_.connections, 2U);
}

TEST_F(RedisConnection, AnAnswerToNothingEndsTheConnection) {
    connect_and_wait();
    server_.say("+surprise\r\n");
    run_until(loop_, [&] { return server_.connections == 2; });
    wait_until_back();
}

TEST_F(RedisConnection, BytesThatAreNoReplyEndTheConnection) {
    connect_and_wait();
    server_.answer = [](const words& c) {
        return c.front() == "PING" ? "+PONG\r\n" : "+OK\r\nHTTP/1.1 400\r\n";
    };
    ask({"GET", "1"});
    ask({"GET", "2"});
    wait_for_answers(2);
    EXPECT_THAT(answers_, ElementsAre("OK", "unavailable"));
    wait_until_back();
    EXPECT_EQ(server_.connections, 2U);
}

TEST_F(RedisConnection, LossAndReturnAreLoggedOnceEach) {
    log::tell_all_repeated();  // by the tests before: as often as those, they would be held back
    testing::internal::CaptureStderr();
    connect_and_wait();
    server_.drop_all();
    run_until(loop_, [&] { return server_.connections == 2; });
    wait_until_back();
    const auto log = testing::internal::GetCapturedStderr();
    const auto count = [&](std::string_view what) {
        int n = 0;
        for (auto at = log.find(what); at != std::string::npos; at = log.find(what, at + 1))
            ++n;
        return n;
    };
    EXPECT_EQ(count("redis connected"), 2) << log;
    EXPECT_EQ(count("redis connection lost"), 1) << log;
    EXPECT_EQ(count("\n"), 3) << log;
}

TEST_F(RedisConnection, MadeByTheFactoryItRunsAndStops) {
    subject_ = make_connection(loop_, server_.where());
    ask({"GET", "k"});
    wait_for_answers(1);
    EXPECT_THAT(answers_, ElementsAre("OK"));
    stop(*subject_);
    ask({"GET", "k"});
    wait_for_answers(2);
    EXPECT_EQ(answers_.back(), "closed");
}

}  // namespace
}  // namespace chat_gateway::redis
