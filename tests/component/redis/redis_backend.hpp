#pragma once

#include "connection.hpp"
#include "support/redis_server.hpp"
#include "support/run_until.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace chat_gateway::tests {

/// A redis-server, a loop, and a command connection for the test itself.
class redis_backend {
public:
    explicit redis_backend(std::vector<std::string> arguments = {}, bool tls = false)
        : server(std::move(arguments), tls) {}
    ~redis_backend() {
        for (auto& c : connections_)
            redis::stop(*c);
        run_dry(loop);
    }
    redis_backend(const redis_backend&) = delete;
    redis_backend& operator=(const redis_backend&) = delete;

    [[nodiscard]] redis::url where() const {
        redis::url u;
        u.port = server.port();
        return u;
    }
    std::shared_ptr<redis::connection> connect(redis::url u) {
        connections_.push_back(redis::make_connection(loop, std::move(u)));
        return connections_.back();
    }
    std::shared_ptr<redis::connection> connect() { return connect(where()); }

    result<redis::reply> ask(redis::connection& c, std::initializer_list<std::string_view> words) {
        std::optional<result<redis::reply>> answer;
        c.execute(words, [&](result<redis::reply> r) { answer = std::move(r); });
        run_until([&] { return answer.has_value(); });
        return answer ? std::move(*answer) : make_error_code(errc::timeout);
    }
    void run_until(const std::function<bool()>& done) { tests::run_until(loop, done); }

    /// The server is gone, and the connection knows.
    void stop_server(redis::connection& c) {
        server.stop();
        while (ask(c, {"PING"}).has_value()) {
        }
    }
    void wait_until_back(redis::connection& c) {
        std::optional<result<>> answer = result<>(make_error_code(errc::unavailable));
        run_until([&] {
            if (!answer) return false;
            if (answer->has_value()) return true;
            answer.reset();
            redis::ping(c, [&](result<> r) { answer = r; });
            return false;
        });
    }

    redis_server server;
    boost::asio::io_context loop;

private:
    std::vector<std::shared_ptr<redis::connection>> connections_;
};

}  // namespace chat_gateway::tests
