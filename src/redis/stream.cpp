#include "stream.hpp"

#include "tls.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstring>
#include <utility>

namespace chat_gateway::redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kept_capacity = std::size_t{1} << 20;  // more is given back after a burst
}  // namespace

stream::stream(asio::io_context& loop)
    : loop_(loop),
      socket_(loop),
      resolver_(loop),
      buffer_(std::make_unique_for_overwrite<char[]>(read_size)) {}

stream::~stream() = default;

asio::awaitable<result<>> stream::connect(url where) {
    if (!where.unix_path.empty()) {
        endpoint path = asio::local::stream_protocol::endpoint(where.unix_path);
        co_return co_await connect_to(std::move(path));
    }
    result<> connected = co_await connect_tcp(where.host, where.port);
    if (!connected || !where.tls) co_return connected;
    co_return co_await encrypt(std::move(where));
}

asio::awaitable<result<>> stream::encrypt(url where) {
    auto made = make_tls_layer(socket_, where);
    if (!made) co_return made.error();
    tls_ = std::move(*made);
    result<> agreed = co_await tls_->handshake();
    if (closed_) co_return make_error_code(errc::closed);
    co_return agreed;
}

asio::awaitable<result<>> stream::connect_tcp(std::string host, std::string port) {
    auto [error, found] = co_await resolver_.async_resolve(host, port, as_result);
    result<> outcome = error ? error : make_error_code(errc::unavailable);
    for (const auto& entry : found) {
        endpoint address = entry.endpoint();
        outcome = co_await connect_to(std::move(address));
        if (!outcome) continue;
        error_code ignored;  // both only tune a connection that works without
        socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
        socket_.set_option(asio::socket_base::keep_alive(true), ignored);
        break;
    }
    co_return outcome;
}

asio::awaitable<result<>> stream::connect_to(endpoint where) {
    if (closed_) co_return make_error_code(errc::closed);
    error_code error;
    socket_.close(error);  // of an address tried before
    socket_.open(where.protocol(), error);
    if (error) co_return error;
    auto [failed] = co_await socket_.async_connect(where, as_result);
    if (closed_) co_return make_error_code(errc::closed);
    if (failed) co_return failed;
    co_return result<>();
}

asio::awaitable<result<std::string_view>> stream::read() {
    if (closed_) co_return make_error_code(errc::closed);
    if (!make_room()) co_return make_error_code(errc::too_large);
    auto space = asio::buffer(buffer_.get() + end_, capacity_ - end_);
    if (tls_) {
        result<std::size_t> decrypted = co_await tls_->read_some(space);
        if (!decrypted) co_return decrypted.error();
        end_ += *decrypted;
        co_return std::string_view(buffer_.get() + begin_, end_ - begin_);
    }
    auto [error, length] = co_await socket_.async_read_some(space, as_result);
    if (error) co_return error;
    end_ += length;
    co_return std::string_view(buffer_.get() + begin_, end_ - begin_);
}

void stream::consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
}

/// What is left goes to the front. A reply that fills half of the buffer gets one twice as large;
/// an empty one is its usual size again.
bool stream::make_room() {
    const std::size_t left = end_ - begin_;
    std::size_t wanted = capacity_;
    if (left == 0) wanted = read_size;
    if (left > capacity_ / 2) wanted = capacity_ * 2;
    if (wanted > 2 * max_unread) return false;
    if (wanted == capacity_ && begin_ == 0) return true;
    auto fresh = wanted == capacity_ ? nullptr : std::make_unique_for_overwrite<char[]>(wanted);
    char* to = fresh ? fresh.get() : buffer_.get();
    std::memmove(to, buffer_.get() + begin_, left);
    if (fresh) buffer_ = std::move(fresh);
    capacity_ = wanted;
    begin_ = 0;
    end_ = left;
    return true;
}

void stream::write(std::string_view bytes) {
    if (closed_) return;
    queued_.append(bytes);
    if (flush_due_ || !sending_.empty()) return;
    flush_due_ = true;
    asio::post(loop_, [self = shared_from_this()] { self->flush(); });
}

void stream::flush() {
    flush_due_ = false;
    if (closed_ || queued_.empty()) return;
    sending_.swap(queued_);
    const auto bytes = asio::buffer(sending_);
    auto written = [self = shared_from_this()](error_code error) { self->on_written(error); };
    if (tls_) return tls_->write(bytes, std::move(written));
    asio::async_write(
        socket_, bytes,
        [written = std::move(written)](error_code error, std::size_t) { written(error); });
}

void stream::on_written(error_code error) {
    sending_.clear();
    if (sending_.capacity() > kept_capacity) sending_.shrink_to_fit();
    if (error)
        close();
    else
        flush();
}

void stream::close() {
    closed_ = true;
    resolver_.cancel();
    error_code ignored;  // the descriptor is gone either way
    socket_.close(ignored);
}

}  // namespace chat_gateway::redis
