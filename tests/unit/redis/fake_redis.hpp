#pragma once

#include "reply.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::redis {

/// Listens on a loopback port in the test's own loop and answers as the test says.
class fake_redis {
public:
    using command = std::vector<std::string>;

    explicit fake_redis(boost::asio::io_context& loop)
        : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}) {
        accept();
    }
    ~fake_redis() { close(); }
    fake_redis(const fake_redis&) = delete;
    fake_redis& operator=(const fake_redis&) = delete;

    [[nodiscard]] url where() const {
        url u;
        u.port = std::to_string(acceptor_.local_endpoint().port());
        return u;
    }

    /// What to say to a command; nothing is an answer too.
    std::function<std::string(const command&)> answer = [](const command& c) -> std::string {
        return c.front() == "PING" ? "+PONG\r\n" : "+OK\r\n";
    };
    std::vector<command> received;
    std::size_t connections = 0;
    std::size_t reads = 0;

    /// To the newest connection.
    void say(const std::string& bytes) {
        boost::system::error_code error;
        boost::asio::write(sessions_.back()->socket, boost::asio::buffer(bytes), error);
        EXPECT_FALSE(error) << error.message();
    }
    void drop_all() {
        for (auto& s : std::exchange(sessions_, {}))
            s->socket.close();
    }
    void close() {
        acceptor_.close();
        drop_all();
    }

private:
    struct session {
        explicit session(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}
        boost::asio::ip::tcp::socket socket;
        reply_reader parser;  // a command is an array of texts
        std::array<char, 65536> buffer;
    };

    void accept() {
        acceptor_.async_accept([this](auto error, boost::asio::ip::tcp::socket socket) {
            if (error) return;
            ++connections;
            sessions_.push_back(std::make_shared<session>(std::move(socket)));
            read(sessions_.back());
            accept();
        });
    }
    void read(std::shared_ptr<session> s) {
        auto& socket = s->socket;
        auto space = boost::asio::buffer(s->buffer);
        socket.async_read_some(space, [this, s](auto error, std::size_t length) {
            if (error) return;
            ++reads;
            std::vector<reply> commands;
            EXPECT_TRUE(s->parser.feed({s->buffer.data(), length}, commands).has_value());
            std::string answers;
            for (const auto& c : commands) {
                auto& words = received.emplace_back();
                for (const auto& word : c.elements)
                    words.push_back(word.text);
                answers += answer(command(words));
            }
            boost::system::error_code gone;  // the test may have dropped it meanwhile
            boost::asio::write(s->socket, boost::asio::buffer(answers), gone);
            if (!gone) read(s);
        });
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    std::vector<std::shared_ptr<session>> sessions_;
};

}  // namespace chat_gateway::redis
