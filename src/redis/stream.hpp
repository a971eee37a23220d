#pragma once

#include "reply.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace chat_gateway::redis {

class tls_layer;

/// One socket to Redis, TCP or AF_UNIX, good for one connect. Owned by its link; lives on its loop.
/// Whoever awaits it holds a shared_ptr. Encryption (tls.hpp) is a layer in here and nowhere else.
class stream : public std::enable_shared_from_this<stream> {
public:
    static constexpr std::size_t read_size = 256 * 1024;
    static constexpr std::size_t max_unread = reply_reader::max_unfinished + read_size;

    explicit stream(boost::asio::io_context& loop);
    ~stream();
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;

    boost::asio::awaitable<result<>> connect(url where);
    /// What has arrived and was not consumed, with more than the last time; valid until the next
    /// read. errc::too_large when max_unread bytes are of no use to whoever reads.
    boost::asio::awaitable<result<std::string_view>> read();
    /// The first `n` of the bytes read are done with.
    void consume(std::size_t n);
    /// Everything written in one turn of the loop leaves in one send. An error closes the stream,
    /// which ends the read.
    void write(std::string_view bytes);
    /// Written, but not with the kernel yet.
    [[nodiscard]] std::size_t unsent() const { return queued_.size() + sending_.size(); }
    void close();

private:
    using endpoint = boost::asio::generic::stream_protocol::endpoint;
    boost::asio::awaitable<result<>> connect_tcp(std::string host, std::string port);
    boost::asio::awaitable<result<>> connect_to(endpoint where);
    boost::asio::awaitable<result<>> encrypt(url where);
    [[nodiscard]] bool make_room();
    void flush();
    void on_written(boost::system::error_code error);

    boost::asio::io_context& loop_;
    boost::asio::generic::stream_protocol::socket socket_;
    std::unique_ptr<tls_layer> tls_;  ///< null: bytes go as they are
    boost::asio::ip::tcp::resolver resolver_;
    std::unique_ptr<char[]> buffer_;  ///< as large as the longest reply under way asks for
    std::size_t capacity_ = read_size;
    std::size_t begin_ = 0;  ///< of what was not consumed
    std::size_t end_ = 0;
    std::string queued_;
    std::string sending_;
    bool flush_due_ = false;
    bool closed_ = false;
};

}  // namespace chat_gateway::redis
