#include "worker_pool.hpp"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <support/task_queue.hpp>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace chat_gateway::postgres {
namespace {

/// A loopback port that takes connections and never says a word, until it is closed; then it
/// refuses them.
class mute_server {
public:
    mute_server() : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        address_.sin_family = AF_INET;
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address_;
        auto* generic = reinterpret_cast<sockaddr*>(&address_);
        EXPECT_EQ(::bind(fd_, generic, size), 0);
        EXPECT_EQ(::getsockname(fd_, generic, &size), 0);
        EXPECT_EQ(::listen(fd_, 8), 0);
    }
    ~mute_server() { close(); }

    void await_client() { client_ = ::accept(fd_, nullptr, nullptr); }
    void close() {
        for (int* fd : {&client_, &fd_}) {
            if (*fd >= 0) ::close(*fd);
            *fd = -1;
        }
    }
    [[nodiscard]] std::string url() const {
        return "postgresql://nobody@127.0.0.1:" + std::to_string(ntohs(address_.sin_port)) +
               "/none";
    }

private:
    sockaddr_in address_{};
    int fd_;
    int client_ = -1;
};

class worker_pool_without_server : public testing::Test {
protected:
    void make(const std::string& url) {
        pool_.emplace(pool_options{.url = url, .size = 1},
                      [this](unique_function<void()> task) { loop_.post(std::move(task)); });
    }
    void submit() {
        pool_->submit({[](pqxx::connection&) { ADD_FAILURE() << "ran without a server"; },
                       [this](boost::system::error_code e) { ends_.push_back(e); }});
    }
    bool ended(std::size_t count) {
        return loop_.run_until([&] { return ends_.size() == count; });
    }

    tests::task_queue loop_;
    std::vector<boost::system::error_code> ends_;
    std::optional<worker_pool> pool_;
};

TEST_F(worker_pool_without_server, an_unreachable_server_is_unavailable) {
    mute_server closed;
    closed.close();
    make(closed.url());
    for (int i = 0; i < 100; ++i)
        submit();
    ASSERT_TRUE(ended(100));
    for (const auto& e : ends_)
        EXPECT_EQ(e, errc::unavailable);
}

TEST_F(worker_pool_without_server, an_invalid_url_is_unavailable) {
    make("postgresql://u:p%zz@[::1/d");
    submit();
    ASSERT_TRUE(ended(1));
    EXPECT_EQ(ends_[0], errc::unavailable);
}

TEST_F(worker_pool_without_server, more_than_the_queue_holds_is_overloaded_at_once) {
    mute_server server;
    make(server.url());
    submit();
    server.await_client();  // the worker is busy connecting
    for (std::size_t i = 0; i < worker_pool::max_queued; ++i)
        submit();
    EXPECT_TRUE(ends_.empty());
    submit();
    ASSERT_TRUE(ended(1));
    EXPECT_EQ(ends_[0], errc::overloaded);

    server.close();
    ASSERT_TRUE(ended(worker_pool::max_queued + 2));
    for (std::size_t i = 1; i < ends_.size(); ++i)
        EXPECT_EQ(ends_[i], errc::unavailable);
}

TEST_F(worker_pool_without_server, stopping_closes_what_is_queued_and_what_comes_later) {
    mute_server server;
    make(server.url());
    submit();
    server.await_client();
    submit();
    server.close();
    pool_->stop();
    submit();
    ASSERT_TRUE(ended(3));
    EXPECT_EQ(ends_.back(), errc::closed);
}

}  // namespace
}  // namespace chat_gateway::postgres
