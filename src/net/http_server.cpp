#include <chat_gateway/base/log.hpp>
#include <chat_gateway/http/body_reader.hpp>
#include <chat_gateway/http/date.hpp>
#include <chat_gateway/http/head_scanner.hpp>
#include <chat_gateway/net/http_server.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <variant>

namespace chat_gateway::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr asio::as_tuple_t<asio::use_awaitable_t<executor>> use_tuple;
template <class T>
using task = asio::awaitable<T, executor>;

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

/// The memory as well, which assigning an empty string would keep.
void give_back(std::string& text) {
    std::string().swap(text);
}

// gcc 12 miscompiles temporaries in the arguments of a co_await (they are destroyed twice):
// arguments are named first, one co_await to a statement.

/// One client's connection. Kept alive by its coroutine; exchanges hold it weakly.
class connection final : public http_connections::member,
                         public std::enable_shared_from_this<connection> {
public:
    connection(event_loop& loop, stream_socket socket, http_handler& handler,
               const http_limits& limits, const http_connections* among)
        : loop_(loop),
          socket_(std::move(socket)),
          handler_(handler),
          limits_(limits),
          among_(among),
          signal_(loop.context()),
          peer_(name_of_peer(socket_)) {}

    /// A request that is in the socket already is still served.
    void wind_down() override {
        if (!between_requests_ || has_unread_input()) return;
        interrupted_ = true;
        stop_reading();
    }

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
        open_exchange(event_loop& loop, std::weak_ptr<connection> c)
            : loop_(loop), connection_(std::move(c)) {}
        ~open_exchange() override {
            if (const auto c = connection_.lock()) c->abandon();
        }
        void respond(http::response r) override {
            abort_ = nullptr;
            if (const auto c = std::exchange(connection_, {}).lock()) c->answer(std::move(r));
        }
        void on_abort(unique_function<void()> handler) override {
            // From another loop it may come too late: the client has gone already.
            if (aborted_) return loop_.post(std::move(handler));
            abort_ = std::move(handler);
            const auto c = connection_.lock();
            if (!c || !c->half_closed_) return;
            loop_.post([weak = c->exchange_] {
                if (const auto e = weak.lock()) e->abort();
            });
        }
        [[nodiscard]] bool can_abort() const { return static_cast<bool>(abort_); }
        std::optional<detached_socket> detach() override {
            abort_ = nullptr;
            const auto c = std::exchange(connection_, {}).lock();
            if (!c) return std::nullopt;
            return c->give_away();
        }
        void abort() {
            aborted_ = true;
            if (const auto c = std::exchange(connection_, {}).lock()) c->settle(outcome::aborted);
            if (auto handler = std::exchange(abort_, nullptr)) handler();
        }

    private:
        event_loop& loop_;
        std::weak_ptr<connection> connection_;
        unique_function<void()> abort_;
        bool aborted_ = false;
    };

    /// Valid as long as the body of the request it was made for is arriving.
    class open_body final : public unfinished_request {
    public:
        explicit open_body(std::weak_ptr<connection> c) : connection_(std::move(c)) {}
        void refuse(http::response r) override {
            if (const auto c = std::exchange(connection_, {}).lock()) c->interrupt(std::move(r));
        }
        void drop() override {
            if (const auto c = std::exchange(connection_, {}).lock()) c->interrupt(std::nullopt);
        }
        void ignore_body() override { ignored_ = true; }
        void over() { connection_.reset(); }
        [[nodiscard]] bool is_ignored() const { return ignored_; }

    private:
        std::weak_ptr<connection> connection_;
        bool ignored_ = false;
    };

    enum class outcome { waiting, answered, detached, abandoned, aborted };

    task<void> run() {
        for (;;) {
            http::request_head head;
            const bool has_head = co_await read_head(head);
            if (!has_head) break;
            const bool whole = co_await read_body(head);
            if (!whole) break;
            if (pending().empty()) drop_input();  // the request may be held for long

            const bool head_only = head.message.method == "HEAD";
            outcome_ = outcome::waiting;
            if (head.message.path == "*") {
                http::response about_the_server;
                about_the_server.status = 204;
                answer(std::move(about_the_server));
            } else {
                auto e = std::make_shared<open_exchange>(loop_, weak_from_this());
                exchange_ = e;
                handler_.on_request(std::move(head.message), std::move(e));
            }
            co_await wait_for_outcome();
            if (outcome_ != outcome::answered) break;
            http::response answer = std::move(response_);
            response_ = http::response();
            const bool stay = head.keep_alive && !answer.close && !winding_down();
            const bool written = co_await write(std::move(answer), stay, head_only);
            if (!written) break;
            // The wind-down may have begun while the answer was written.
            if (stay && !(winding_down() && pending().empty())) {
                between_requests_ = true;
                continue;
            }
            // Input that nobody will read would turn the close into a reset.
            if (has_unread_input()) co_await linger();
            break;
        }
        close();
    }

    /// False: there will be no request, and the client has been told.
    task<bool> read_head(http::request_head& head) {
        if (pending().empty()) {
            drop_input();
            set_deadline(limits_.keep_alive_time);
            const bool begun = co_await receive();
            if (!begun) co_return false;
        }
        between_requests_ = false;
        set_deadline(limits_.head_time);
        http::head_scanner scanner(limits_.head);
        while (!scanner.scan(pending())) {
            if (scanner.fault()) {
                co_await refuse(scanner.fault()->status);
                co_return false;
            }
            const bool more = co_await receive();
            if (more) continue;
            if (timed_out_) co_await refuse(408);
            co_return false;
        }
        cancel_deadline();
        auto parsed = http::parse_head(
            pending().substr(scanner.begin(), scanner.end() - scanner.begin()), limits_.head);
        used_ += scanner.end();
        if (const auto* fault = std::get_if<http::head_fault>(&parsed)) {
            const unsigned status = fault->status;
            co_await refuse(status);
            co_return false;
        }
        head = std::move(std::get<http::request_head>(parsed));
        head.message.peer = peer_.address;
        head.message.trusted_peer = peer_.unix_domain;
        head.message.received = loop_.now();
        co_return true;
    }

    /// Likewise.
    task<bool> read_body(http::request_head& head) {
        using progress = http::body_reader::progress;
        if (head.framing == http::body_framing::none) co_return true;
        http::request& request = head.message;
        http::body_reader reader(head, limits_.body_bytes);
        std::shared_ptr<open_body> unfinished;
        std::unique_ptr<body_watch> watch;
        set_deadline(limits_.body_time);
        for (;;) {
            std::string_view input = pending();
            const auto now = reader.feed(input, request.body);
            used_ = input_.size() - input.size();
            if (now == progress::complete) break;
            if (now == progress::malformed) {
                watch.reset();
                http::response refusal = handler_.on_unusable_body(request, 400);
                co_await refuse(std::move(refusal));
                co_return false;
            }
            if (now == progress::too_large) {
                if (watch) watch->settle();
                give_back(request.body);
                http::response refusal = handler_.on_unusable_body(request, 413);
                co_await refuse(std::move(refusal));
                co_return false;
            }
            if (!unfinished) {
                unfinished = std::make_shared<open_body>(weak_from_this());
                watch = handler_.on_body_begins(request, unfinished);
                if (head.expects_continue && request.body.empty() && !interrupted_) {
                    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
                    auto [ec, written] =
                        co_await asio::async_write(socket_, asio::buffer(go_on), use_tuple);
                    if (ec) co_return false;
                }
            }
            if (unfinished->is_ignored()) give_back(request.body);
            drop_input();  // all of it was taken
            const bool more = co_await receive();
            if (more) continue;
            watch.reset();
            give_back(request.body);
            if (timed_out_) {
                http::response refusal = handler_.on_unusable_body(request, 408);
                co_await refuse(std::move(refusal));
            } else if (early_answer_) {
                http::response answer = std::move(*early_answer_);
                co_await refuse(std::move(answer));
            }
            co_return false;
        }
        cancel_deadline();
        if (unfinished && unfinished->is_ignored()) give_back(request.body);
        if (unfinished) unfinished->over();
        if (watch) watch->settle();
        co_return true;
    }

    [[nodiscard]] bool winding_down() const { return among_ && among_->winding_down(); }

    void drop_input() {
        give_back(input_);
        used_ = 0;
    }
    [[nodiscard]] std::string_view pending() const {
        return std::string_view(input_).substr(used_);
    }

    /// Waits for bytes and adds them to the input. False: none will come, it is too late, or nobody
    /// wants them any more.
    task<bool> receive() {
        while (!timed_out_ && !interrupted_) {
            reading_ = true;
            auto [failed] = co_await socket_.async_wait(stream_socket::wait_read, use_tuple);
            reading_ = false;
            if (failed || timed_out_ || interrupted_) break;
            auto& sink = loop_.receive_buffer();
            const ssize_t n =
                ::recv(socket_.native_handle(), sink.data(), sink.size(), MSG_DONTWAIT);
            if (n > 0) {
                input_.erase(0, std::exchange(used_, 0));
                input_.append(sink.data(), static_cast<std::size_t>(n));
                co_return true;
            }
            if (n == 0 || (errno != EAGAIN && errno != EINTR)) break;
        }
        co_return false;
    }

    /// The rest of the body is not waited for.
    void interrupt(std::optional<http::response> answer) {
        interrupted_ = true;
        early_answer_ = std::move(answer);
        stop_reading();
    }

    void stop_reading() {
        error_code ignored;
        if (reading_) socket_.cancel(ignored);
    }

    task<void> refuse(unsigned status) {
        http::response refusal;
        refusal.status = status;
        return refuse(std::move(refusal));
    }
    task<void> refuse(http::response refusal) {
        const bool written = co_await write(std::move(refusal), false, false);
        if (written) co_await linger();
    }

    [[nodiscard]] bool has_unread_input() {
        char byte = 0;
        return !pending().empty() ||
               ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
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
                self->client_gone(n == 0);
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
            self->client_gone((look.revents & (POLLERR | POLLHUP)) == 0);
        });
    }

    /// `maybe_reads`: it sends no more, but that is all that is known. Whoever wants to hear of it
    /// takes it for gone; others answer soon.
    void client_gone(bool maybe_reads) {
        half_closed_ = true;
        const auto e = exchange_.lock();
        if (!e || (maybe_reads && !e->can_abort())) return;
        e->abort();
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
        boost::system::error_code failed;
        detached_socket out{descriptor(socket_.release(failed)), {}};
        if (failed) return std::nullopt;
        out.leftover = pending();
        settle(outcome::detached);
        return out;
    }

    task<bool> write(http::response r, bool keep_alive, bool head_only) {
        std::string head = "HTTP/1.1 " + std::to_string(r.status) + ' ';
        head += http::reason_phrase(r.status);
        head += "\r\nDate: " + http::date_text(std::chrono::system_clock::now()) + "\r\n";
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
        timed_out_ = false;
        deadline_ = loop_.after(time, [weak = weak_from_this()] {
            if (const auto self = weak.lock()) {
                self->deadline_ = 0;
                self->timed_out_ = true;
                // A request that comes too slowly is answered; an answer that is taken too slowly
                // is not.
                self->reading_ ? self->stop_reading() : self->close();
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
    const http_connections* among_;
    asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor> signal_;
    peer_name peer_;
    std::string input_;     ///< what was received and is needed for this request or the next
    std::size_t used_ = 0;  ///< of it, from the front
    std::weak_ptr<open_exchange> exchange_;
    http::response response_;
    outcome outcome_ = outcome::waiting;
    std::optional<http::response> early_answer_;
    bool watching_ = false;
    bool half_closed_ = false;  ///< seen while a request waited for its answer
    bool reading_ = false;      ///< waits for bytes of a request
    bool timed_out_ = false;    ///< the deadline that was set last has passed
    bool interrupted_ = false;  ///< the rest of a body, or a further request, is not wanted
    bool between_requests_ = false;
    scheduler::timer_id deadline_ = 0;
};

}  // namespace

std::unique_ptr<body_watch> http_handler::on_body_begins(const http::request&,
                                                         std::shared_ptr<unfinished_request>) {
    return nullptr;
}

http::response http_handler::on_unusable_body(const http::request&, unsigned status) {
    http::response r;
    r.status = status;
    return r;
}

void http_connections::wind_down() {
    winding_down_ = true;
    // What is closed here leaves the list later, when its coroutine ends.
    for (member& m : all_)
        m.wind_down();
}

void serve_http(event_loop& loop, stream_socket socket, http_handler& handler,
                const http_limits& limits, http_connections* among) {
    const auto served =
        std::make_shared<connection>(loop, std::move(socket), handler, limits, among);
    if (among) among->add(*served);
    served->start();
}

}  // namespace chat_gateway::net
