#pragma once

#include "unit/websocket/client_frame.hpp"

#include <chat_gateway/base/text.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <netinet/in.h>
#include <ostream>
#include <poll.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct raw_response {
    unsigned status = 0;
    header_list headers;
    std::string body;

    [[nodiscard]] std::string get(std::string_view name) const {
        for (const auto& [key, value] : headers) {
            if (iequals(key, name)) return value;
        }
        return {};
    }
};

/// A frame from the server: never masked, never fragmented.
struct server_frame {
    unsigned opcode = 1;
    std::string payload;
    bool operator==(const server_frame&) const = default;
    friend std::ostream& operator<<(std::ostream& out, const server_frame& f) {
        return out << "opcode " << f.opcode << " `" << f.payload << '`';
    }
};

inline server_frame text_of(std::string payload) {
    return {1, std::move(payload)};
}
inline server_frame binary_of(std::string payload) {
    return {2, std::move(payload)};
}
inline server_frame empty_close() {
    return {8, ""};
}
inline server_frame close_of(unsigned code) {
    return {8, {static_cast<char>(code >> 8), static_cast<char>(code)}};
}

/// Where a server listens: a loopback port, or the path of an AF_UNIX socket.
struct server_address {
    server_address(std::uint16_t p) : port(p) {}
    server_address(std::string p) : path(std::move(p)) {}
    std::uint16_t port = 0;
    std::string path;
};

/// A blocking client on a socket of its own, byte by byte what the test says. What does not come
/// in time is thrown, so that the test fails there.
class raw_client {
public:
    static constexpr std::chrono::seconds patience{20};

    /// `receive_buffer` 0: the system's.
    explicit raw_client(const server_address& server, int receive_buffer = 0)
        : fd_(::socket(server.path.empty() ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        if (fd_ < 0) throw std::runtime_error("no socket");
        if (receive_buffer != 0) {
            ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
        }
        if (!connect(server)) {
            close();
            throw std::runtime_error("cannot connect");
        }
    }
    raw_client(raw_client&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), read_(std::move(other.read_)) {}
    raw_client& operator=(raw_client&& other) noexcept {
        std::swap(fd_, other.fd_);
        std::swap(read_, other.read_);
        return *this;
    }
    ~raw_client() { close(); }

    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }

    /// Closes with a reset instead of an orderly end.
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            wait(POLLOUT, "cannot send in time");
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (n < 0) throw std::runtime_error("the server has closed the connection");
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }

    /// Exactly `n` bytes.
    std::string take(std::size_t n) {
        while (read_.size() < n)
            receive_or_throw();
        std::string out = read_.substr(0, n);
        read_.erase(0, n);
        return out;
    }

    /// The server has closed the connection and sent nothing more.
    bool at_end() {
        while (read_.empty()) {
            if (!receive()) return true;
        }
        return false;
    }
    /// Reads and forgets until the server closes.
    void drain() {
        while (receive())
            read_.clear();
    }
    /// Something of an answer has come already.
    bool has_input() { return has_input_within(std::chrono::milliseconds(0)); }
    bool has_input_within(std::chrono::milliseconds time) {
        pollfd p{fd_, POLLIN, 0};
        return !read_.empty() || ::poll(&p, 1, static_cast<int>(time.count())) > 0;
    }

    void send_request(std::string_view method, std::string_view target, std::string_view body = {},
                      const header_list& headers = {}) {
        send(request_text(method, target, body, headers));
    }

    static std::string request_text(std::string_view method, std::string_view target,
                                    std::string_view body = {}, const header_list& headers = {}) {
        std::string text;
        text.append(method).append(" ").append(target).append(
            " HTTP/1.1\r\nHost: gateway.test\r\n");
        for (const auto& [name, value] : headers)
            text.append(name).append(": ").append(value).append("\r\n");
        if (!body.empty() || method == "POST") {
            text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
        }
        return text.append("\r\n").append(body);
    }

    /// Nothing more will be sent; answers can still be read.
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

    /// An answer to HEAD: its Content-Length announces what does not come.
    raw_response response_head() { return head(); }
    raw_response response() {
        raw_response r = head();
        const std::string length = r.get("Content-Length");
        if (!length.empty()) r.body = take(std::stoul(length));
        return r;
    }

    raw_response request(std::string_view method, std::string_view target,
                         std::string_view body = {}, const header_list& headers = {}) {
        send_request(method, target, body, headers);
        return response();
    }

    void send_upgrade(std::string_view target, header_list headers = {}) {
        headers.insert(headers.begin(), {{"Connection", "Upgrade"},
                                         {"Upgrade", "websocket"},
                                         {"Sec-WebSocket-Version", "13"},
                                         {"Sec-WebSocket-Key", "AQIDBAUGBwgJCgsMDQ4PEA=="}});
        send_request("GET", target, {}, headers);
    }
    /// The answer to an upgrade; of a 101 the head alone.
    raw_response upgrade(std::string_view target, header_list headers = {}) {
        send_upgrade(target, std::move(headers));
        return response();
    }

    void text(std::string payload) { send(text_frame(std::move(payload))); }
    void binary(std::string payload) { send(binary_frame(std::move(payload))); }

    server_frame frame() {
        auto [first, payload] = any_frame();
        if ((first & 0xf0U) != 0x80U) throw std::runtime_error("fragmented, or with reserved bits");
        return {first & 0x0fU, std::move(payload)};
    }

    /// First byte and payload of a frame, whatever its reserved bits are.
    std::pair<unsigned, std::string> any_frame() {
        const std::string start = take(2);
        const unsigned first = static_cast<unsigned char>(start[0]);
        std::uint64_t length = static_cast<unsigned char>(start[1]);
        if (length > 127) throw std::runtime_error("masked");
        if (length >= 126) {
            const std::string extended = take(length == 126 ? 2 : 8);
            length = 0;
            for (const char c : extended)
                length = length << 8 | static_cast<unsigned char>(c);
        }
        return {first, take(length)};
    }

private:
    [[nodiscard]] bool connect(const server_address& server) const {
        sockaddr_in tcp{};
        tcp.sin_family = AF_INET;
        tcp.sin_port = htons(server.port);
        tcp.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        sockaddr_un local{};
        local.sun_family = AF_UNIX;
        server.path.copy(local.sun_path, sizeof local.sun_path - 1);
        return server.path.empty()
                   ? ::connect(fd_, reinterpret_cast<const sockaddr*>(&tcp), sizeof tcp) == 0
                   : ::connect(fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local) == 0;
    }
    raw_response head() {
        std::size_t end = 0;
        while ((end = read_.find("\r\n\r\n")) == std::string::npos)
            receive_or_throw();
        const std::string text = take(end + 4);
        raw_response r;
        r.status = static_cast<unsigned>(std::stoul(text.substr(9, 3)));
        std::size_t line = text.find("\r\n") + 2;
        while (line < end) {
            const std::size_t stop = text.find("\r\n", line);
            const std::size_t colon = text.find(": ", line);
            r.headers.emplace_back(text.substr(line, colon - line),
                                   text.substr(colon + 2, stop - colon - 2));
            line = stop + 2;
        }
        return r;
    }

    void wait(short what, const char* failure) const {
        pollfd p{fd_, what, 0};
        const auto limit = std::chrono::milliseconds(patience).count();
        if (::poll(&p, 1, static_cast<int>(limit)) <= 0) throw std::runtime_error(failure);
    }
    /// False at the end of the stream, be it by a reset.
    bool receive() {
        wait(POLLIN, "nothing came in time");
        char buffer[16384];
        const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
        if (n > 0) read_.append(buffer, static_cast<std::size_t>(n));
        return n > 0;
    }
    void receive_or_throw() {
        if (!receive()) throw std::runtime_error("the server has closed; read so far: " + read_);
    }

    int fd_;
    std::string read_;
};

}  // namespace chat_gateway::tests
