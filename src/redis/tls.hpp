#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>

#include <cstddef>
#include <memory>

namespace chat_gateway::redis {

/// What encrypts between a stream and its socket. One read and one write at a time; closing the
/// socket ends both. OpenSSL's headers stay behind this one.
class tls_layer {
public:
    using socket = boost::asio::generic::stream_protocol::socket;

    virtual ~tls_layer() = default;
    /// Once, on a connected socket. The server's certificate must be good for the host of the URL.
    virtual boost::asio::awaitable<result<>> handshake() = 0;
    virtual boost::asio::awaitable<result<std::size_t>> read_some(
        boost::asio::mutable_buffer space) = 0;
    virtual void write(boost::asio::const_buffer bytes,
                       unique_function<void(boost::system::error_code)> done) = 0;
};

/// `s` must outlive it. The files that `where` names are read now, so that renewed ones are taken
/// with the next connection; the error of one that cannot be read.
result<std::unique_ptr<tls_layer>> make_tls_layer(tls_layer::socket& s, const url& where);

}  // namespace chat_gateway::redis
