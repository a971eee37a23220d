#include "worker_pool.hpp"

#include "failure.hpp"
#include "query.hpp"
#include "shared_server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <support/print_result.hpp>
#include <support/task_queue.hpp>
#include <vector>

namespace chat_gateway::postgres {
namespace {

using namespace std::chrono_literals;
using tests::shared_server;

class worker_pool_with_server : public testing::Test {
protected:
    void make(std::chrono::milliseconds statement_timeout, unsigned size = 1) {
        pool_.emplace(
            pool_options{
                .url = shared_server().url(), .size = size, .statement_timeout = statement_timeout},
            [this](unique_function<void()> task) { loop_.post(std::move(task)); });
    }

    template <class Read>
    result<std::string> answer_of(Read read) {
        std::optional<result<std::string>> answer;
        ask<std::string>(*pool_, std::move(read),
                         [&](result<std::string> r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return *answer;
    }
    result<std::string> value_of(const std::string& sql) {
        return answer_of(
            [sql](pqxx::connection& c) { return std::string(query(c, sql)[0][0].c_str()); });
    }

    tests::task_queue loop_;
    std::optional<worker_pool> pool_;
};

TEST_F(worker_pool_with_server, sets_up_its_connections) {
    make(1234ms);
    EXPECT_EQ(value_of("show statement_timeout"), "1234ms");
    EXPECT_EQ(value_of("show client_encoding"), "UTF8");
    EXPECT_EQ(value_of("show application_name"), "chat-gateway");
}

TEST_F(worker_pool_with_server, keeps_its_connection_between_jobs) {
    make(5000ms);
    const auto backend = value_of("select pg_backend_pid()");
    ASSERT_TRUE(backend);
    EXPECT_EQ(value_of("select pg_backend_pid()"), backend);
}

TEST_F(worker_pool_with_server, a_rejected_statement_keeps_the_connection) {
    make(5000ms);
    const auto backend = value_of("select pg_backend_pid()");
    EXPECT_EQ(value_of("select 1/0").error(), postgres::refused());
    EXPECT_EQ(value_of("select pg_backend_pid()"), backend);
}

TEST_F(worker_pool_with_server, a_broken_connection_is_replaced_once_without_notice) {
    make(5000ms);
    const auto backend = value_of("select pg_backend_pid()");
    ASSERT_TRUE(backend);
    shared_server().execute("select pg_terminate_backend(" + *backend + ", 10000)");
    const auto next = value_of("select pg_backend_pid()");
    ASSERT_TRUE(next);
    EXPECT_NE(next, backend);
}

TEST_F(worker_pool_with_server, a_job_that_breaks_two_connections_is_unavailable) {
    make(5000ms);
    auto runs = std::make_shared<std::atomic<int>>(0);
    const auto answer = answer_of([runs](pqxx::connection& c) {
        ++*runs;
        query(c, "select pg_terminate_backend(pg_backend_pid())");
        return std::string();
    });
    EXPECT_EQ(answer.error(), errc::unavailable);
    EXPECT_EQ(*runs, 2);
    EXPECT_EQ(value_of("select 'alive'"), "alive");
}

TEST_F(worker_pool_with_server, the_servers_limit_is_a_timeout_and_keeps_the_connection) {
    make(100ms);
    const auto backend = value_of("select pg_backend_pid()");
    EXPECT_EQ(value_of("select pg_sleep(60)").error(), errc::timeout);
    EXPECT_EQ(value_of("select pg_backend_pid()"), backend);
}

TEST_F(worker_pool_with_server, a_server_that_hangs_is_a_timeout_and_costs_the_connection) {
    make(100ms);
    const auto backend = value_of("select pg_backend_pid()");
    auto runs = std::make_shared<std::atomic<int>>(0);
    const auto answer = answer_of([runs](pqxx::connection& c) {
        ++*runs;
        query(c, "set statement_timeout = 0");
        query(c, "select pg_sleep(60)");
        return std::string();
    });
    EXPECT_EQ(answer.error(), errc::timeout);
    EXPECT_EQ(*runs, 1) << "a statement that hung is not put again";
    const auto next = value_of("select pg_backend_pid()");
    ASSERT_TRUE(next);
    EXPECT_NE(next, backend);
}

TEST_F(worker_pool_with_server, a_job_that_waited_too_long_is_not_run) {
    make(50ms);
    std::promise<void> started, proceed;
    std::vector<boost::system::error_code> ends;
    bool late_ran = false;
    pool_->submit({[&](pqxx::connection&) {
                       started.set_value();
                       proceed.get_future().wait();
                   },
                   [&](boost::system::error_code e) { ends.push_back(e); }});
    started.get_future().wait();
    const auto submitted = steady_clock::now();
    pool_->submit({[&](pqxx::connection&) { late_ran = true; },
                   [&](boost::system::error_code e) { ends.push_back(e); }});
    while (steady_clock::now() - submitted <= 60ms)
        std::this_thread::yield();
    proceed.set_value();
    ASSERT_TRUE(loop_.run_until([&] { return ends.size() == 2; }));
    EXPECT_FALSE(ends[0]);
    EXPECT_EQ(ends[1], errc::timeout);
    EXPECT_FALSE(late_ran);
}

TEST_F(worker_pool_with_server, works_on_several_jobs_at_once) {
    make(5000ms, 2);
    std::promise<void> first, second;
    int ended = 0;
    const auto count = [&](boost::system::error_code e) { ended += e ? 0 : 1; };
    pool_->submit({[&](pqxx::connection&) {
                       first.set_value();
                       second.get_future().wait();
                   },
                   count});
    pool_->submit({[&](pqxx::connection&) {
                       first.get_future().wait();
                       second.set_value();
                   },
                   count});
    EXPECT_TRUE(loop_.run_until([&] { return ended == 2; }));
}

TEST_F(worker_pool_with_server, stopping_waits_for_the_running_job_and_closes_the_queued) {
    make(5000ms);
    std::promise<void> started, proceed;
    std::vector<boost::system::error_code> ends;
    const auto record = [&](boost::system::error_code e) { ends.push_back(e); };
    pool_->submit({[&](pqxx::connection&) {
                       started.set_value();
                       proceed.get_future().wait();
                   },
                   record});
    started.get_future().wait();
    pool_->submit({[](pqxx::connection&) { ADD_FAILURE() << "ran after stop()"; }, record});
    auto stopped = std::async(std::launch::async, [&] { pool_->stop(); });
    ASSERT_TRUE(loop_.run_until([&] { return ends.size() == 1; }));
    EXPECT_EQ(ends[0], errc::closed);
    proceed.set_value();
    stopped.wait();
    ASSERT_TRUE(loop_.run_until([&] { return ends.size() == 2; }));
    EXPECT_FALSE(ends[1]);

    pool_->submit({[](pqxx::connection&) { ADD_FAILURE() << "ran after stop()"; }, record});
    ASSERT_TRUE(loop_.run_until([&] { return ends.size() == 3; }));
    EXPECT_EQ(ends[2], errc::closed);
}

}  // namespace
}  // namespace chat_gateway::postgres
