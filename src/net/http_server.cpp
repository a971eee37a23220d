#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/net/http_server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cerrno>
#include <exception>
#include <poll.h>
#include <sys/socket.h>

namespace chat_gateway::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;

constexpr asio::as_tuple_t<asio::use_awaitable_t<executor>> use_tuple;
template <class T>
using task = asio::awaitable<T, executor>;
using request_parser = beast::http::request_parser<beast::http::string_body>;

struct peer_name {
    std::string address;  ///< empty: AF_UNIX
    bool unix_domain = false;
};

peer_name name_of_peer(const stream_socket& socket) {
    error_code ec;
    const auto endpoint = socket.remote_endpoint(ec);
    if (ec) return {};
    if (endpoint.protocol().family() == AF_UNIX) return {{}, true};
    asio::ip::tcp::endpoint tcp;
    if (endpoint.size() > tcp.capacity()) return {};
    std::memcpy(tcp.data(), endpoint.data(), endpoint.size());
    tcp.resize(endpoint.size());
    return {tcp.address().to_string(), false};
}

// gcc 12 miscompiles temporaries in the arguments of a co_await (they are destroyed twice):
// arguments are named first, one co_await to a statement.

/// One client's connection. Kept alive by its coroutine; exchanges hold it weakly.
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(event_loop& loop, stream_socket socket, http_handler& handler,
               const http_limits& limits)
        : loop_(loop),
          socket_(std::move(socket)),
          handler_(handler),
          limits_(limits),
          signal_(loop.context()),
          peer_(name_of_peer(socket_)),
          buffer_(limits.head_bytes + limits.body_bytes) {}

    void start() {
        asio::co_spawn(
            loop_.context().get_executor(), [self = shared_from_this()] { return self->run(); },
            [self = shared_from_this()](std::exception_ptr failure) {
                self->cancel_deadline();
                if (!failure) return;
                try {
                    std::rethrow_exception(failure);
                } catch (const std::exception& e) {
                    log::error("http connection failed", {{"error", e.what()}});
                }
            });
    }

private:
    class open_exchange final : public local_exchange {
    public:
        explicit open_exchange(std::weak_ptr<connection> c) : connection_(std::move(c)) {}
        ~open_exchange() override {
            if (const auto c = connection_.lock()) c->abandon();
        }
        void respond(http::response r) override {
            abort_ = nullptr;
            if (const auto c = std::exchange(connection_, {}).lock()) c->answer(std::move(r));
        }
        void on_abort(unique_function<void()> handler) override { abort_ = std::move(handler); }
        std::optional<detached_socket> detach() override {
            abort_ = nullptr;
            const auto c = std::exchange(connection_, {}).lock();
            if (!c) return std::nullopt;
            return c->give_away();
        }
        void abort() {
            connection_.reset();
            if (auto handler = std::exchange(abort_, nullptr)) handler();
        }

    private:
        std::weak_ptr<connection> connection_;
        unique_function<void()> abort_;
    };

    enum class outcome { waiting, answered, detached, abandoned, aborted };

    task<void> run() {
        for (;;) {
            request_parser parser;
            parser.header_limit(static_cast<std::uint32_t>(limits_.head_bytes));
            parser.body_limit(limits_.body_bytes);
            const bool has_head = co_await read_head(parser);
            if (!has_head) break;
            http::request request = head_of(parser.get());
            const bool whole = co_await read_body(parser, request);
            if (!whole) break;
            request.body = std::move(parser.get().body());
            const bool keep_alive = parser.keep_alive();
            const bool head_only = parser.get().method() == beast::http::verb::head;

            outcome_ = outcome::waiting;
            {
                auto e = std::make_shared<open_exchange>(weak_from_this());
                exchange_ = e;
                handler_.on_request(std::move(request), std::move(e));
            }
            co_await wait_for_outcome();
            if (outcome_ != outcome::answered) break;
            http::response answer = std::move(response_);
            response_ = http::response();
            const bool stay = keep_alive && !answer.close;
            const bool written = co_await write(std::move(answer), stay, head_only);
            if (!written) break;
            if (stay) continue;
            // Input that nobody will read would turn the close into a reset.
            if (buffer_.size() != 0) co_await linger();
            break;
        }
        close();
    }

    task<bool> read_head(request_parser& parser) {
        if (buffer_.size() == 0) {
            // Idle: no head has begun, and no buffer is kept.
            buffer_.shrink_to_fit();
            set_deadline(limits_.keep_alive_time);
            auto [waited] = co_await socket_.async_wait(stream_socket::wait_read, use_tuple);
            if (waited) co_return false;
        }
        set_deadline(limits_.head_time);
        auto [ec, read] =
            co_await beast::http::async_read_header(socket_, buffer_, parser, use_tuple);
        cancel_deadline();
        if (!ec) co_return true;
        if (ec == beast::http::error::body_limit) {
            // The announced length is over the limit: known before a byte of the body is read.
            co_await refuse_body(parser);
        } else if (ec.category() ==
                       beast::http::make_error_code(beast::http::error::bad_method).category() &&
                   ec != beast::http::error::end_of_stream &&
                   ec != beast::http::error::partial_message) {
            const bool large =
                ec == beast::http::error::header_limit || ec == beast::http::error::buffer_overflow;
            http::response refusal;
            refusal.status = large ? 431 : 400;
            co_await write(std::move(refusal), false, false);
            co_await linger();
        }
        co_return false;
    }

    task<bool> read_body(request_parser& parser, const http::request& request) {
        if (parser.is_done()) co_return true;
        set_deadline(limits_.body_time);
        if (iequals(request.get("Expect"), "100-continue")) {
            static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            auto [ec, written] =
                co_await asio::async_write(socket_, asio::buffer(go_on), use_tuple);
            if (ec) co_return false;
        }
        auto [ec, read] = co_await beast::http::async_read(socket_, buffer_, parser, use_tuple);
        cancel_deadline();
        if (!ec) co_return true;
        if (ec == beast::http::error::body_limit) {
            co_await refuse_body(parser);
        } else if (ec.category() ==
                       beast::http::make_error_code(beast::http::error::bad_chunk).category() &&
                   ec != beast::http::error::partial_message &&
                   ec != beast::http::error::end_of_stream) {
            http::response refusal;
            refusal.status = 400;
            co_await write(std::move(refusal), false, false);
            co_await linger();
        }
        co_return false;
    }

    task<void> refuse_body(request_parser& parser) {
        const http::request request = head_of(parser.get());
        http::response refusal = handler_.on_too_large(request);
        co_await write(std::move(refusal), false, false);
        co_await linger();
    }

    /// A client that still sends would lose the answer to a reset: read on a little before closing.
    task<void> linger() {
        error_code ignored;
        socket_.shutdown(stream_socket::shutdown_send, ignored);
        set_deadline(std::chrono::seconds(2));
        std::size_t budget = 4 * limits_.body_bytes;
        for (;;) {
            auto& sink = loop_.receive_buffer();
            auto [waited] = co_await socket_.async_wait(stream_socket::wait_read, use_tuple);
            if (waited) break;
            const ssize_t n =
                ::recv(socket_.native_handle(), sink.data(), sink.size(), MSG_DONTWAIT);
            if (n == 0 || (n < 0 && errno != EAGAIN)) break;
            if (n > 0 && static_cast<std::size_t>(n) >= budget) break;
            if (n > 0) budget -= static_cast<std::size_t>(n);
        }
        cancel_deadline();
    }

    template <class Message>
    http::request head_of(const Message& m) const {
        http::request r;
        r.method = std::string(m.method_string());
        std::string_view target(m.target().data(), m.target().size());
        // absolute-form (RFC 9112 section 3.2.2): only the path and query are ours to look at
        if (const auto scheme = target.find("://");
            !target.starts_with('/') && scheme != target.npos) {
            const auto path = target.find_first_of("/?", scheme + 3);
            target = path == target.npos ? std::string_view("/") : target.substr(path);
        }
        const auto mark = target.find('?');
        r.path = std::string(target.substr(0, mark));
        if (r.path.empty()) r.path = "/";
        if (mark != target.npos) r.query = std::string(target.substr(mark + 1));
        for (const auto& field : m) {
            r.headers.push_back({std::string(field.name_string()), std::string(field.value())});
        }
        r.peer = peer_.address;
        r.trusted_peer = peer_.unix_domain;
        r.upgrade = r.has("Upgrade") &&
                    beast::http::token_list(m[beast::http::field::connection]).exists("upgrade");
        r.received = loop_.now();
        return r;
    }

    /// Until the exchange is answered, detached, dropped, or the client goes away.
    task<void> wait_for_outcome() {
        if (outcome_ == outcome::waiting) {
            watch_client();
            signal_.expires_at(time_point::max());
            co_await signal_.async_wait(use_tuple);
        }
        if (watching_) {
            watching_ = false;
            if (socket_.is_open()) socket_.cancel();
        }
    }

    /// While a request is held nothing is read, so the end of the connection has to be looked for.
    void watch_client() {
        watching_ = true;
        socket_.async_wait(
            stream_socket::wait_read, [self = shared_from_this()](const error_code& ec) {
                if (ec || !self->watching_ || self->outcome_ != outcome::waiting) return;
                self->watching_ = false;
                char byte = 0;
                const ssize_t n =
                    ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
                if (n > 0) return self->watch_end();  // a pipelined request: it waits its turn
                if (n < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_client();
                self->settle(outcome::aborted);
                if (const auto e = self->exchange_.lock()) e->abort();
            });
    }

    /// Bytes that wait hide the end behind them: look for it now and then.
    void watch_end() {
        watching_ = false;
        loop_.after(std::chrono::seconds(1), [weak = weak_from_this(), waiting = exchange_] {
            const auto self = weak.lock();
            const auto e = waiting.lock();
            if (!self || !e || self->outcome_ != outcome::waiting) return;
            pollfd look{self->socket_.native_handle(), POLLRDHUP, 0};
            if (::poll(&look, 1, 0) <= 0) return self->watch_end();
            self->settle(outcome::aborted);
            e->abort();
        });
    }

    void settle(outcome o) {
        outcome_ = o;
        signal_.cancel();
    }
    void answer(http::response r) {
        response_ = std::move(r);
        settle(outcome::answered);
    }
    void abandon() {
        if (outcome_ == outcome::waiting) settle(outcome::abandoned);
    }
    std::optional<detached_socket> give_away() {
        if (outcome_ != outcome::waiting) return std::nullopt;
        watching_ = false;
        socket_.cancel();
        detached_socket out{std::move(socket_), {}};
        const auto rest = buffer_.data();
        out.leftover.assign(static_cast<const char*>(rest.data()), rest.size());
        settle(outcome::detached);
        return out;
    }

    task<bool> write(http::response r, bool keep_alive, bool head_only) {
        std::string head = "HTTP/1.1 " + std::to_string(r.status) + ' ';
        head += http::reason_phrase(r.status);
        head += "\r\n";
        for (const auto& h : r.headers)
            head.append(h.name).append(": ").append(h.value).append("\r\n");
        if (r.status != 204) head += "Content-Length: " + std::to_string(r.body.size()) + "\r\n";
        head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
        if (!head_only) head += r.body;
        set_deadline(limits_.write_time);
        auto [ec, written] = co_await asio::async_write(socket_, asio::buffer(head), use_tuple);
        cancel_deadline();
        co_return !ec;
    }

    void set_deadline(steady_clock::duration time) {
        cancel_deadline();
        deadline_ = loop_.after(time, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->deadline_ = 0;
                self->close();
            }
        });
    }
    void cancel_deadline() {
        if (deadline_ != 0) loop_.cancel(std::exchange(deadline_, 0));
    }
    void close() {
        error_code ignored;
        socket_.close(ignored);
    }

    event_loop& loop_;
    stream_socket socket_;
    http_handler& handler_;
    const http_limits& limits_;
    asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor> signal_;
    peer_name peer_;
    beast::flat_buffer buffer_;
    std::weak_ptr<open_exchange> exchange_;
    http::response response_;
    outcome outcome_ = outcome::waiting;
    bool watching_ = false;
    scheduler::timer_id deadline_ = 0;
};

}  // namespace

http::response http_handler::on_too_large(const http::request&) {
    http::response r;
    r.status = 413;
    return r;
}

void serve_http(event_loop& loop, stream_socket socket, http_handler& handler,
                const http_limits& limits) {
    std::make_shared<connection>(loop, std::move(socket), handler, limits)->start();
}

}  // namespace chat_gateway::net
