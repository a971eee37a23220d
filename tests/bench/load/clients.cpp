#include "clients.hpp"

#include "message.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <random>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t receive_size = std::size_t{512} * 1024;

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench_load: %s: %s\n", what.c_str(), std::strerror(errno));
    std::_Exit(3);
}

/// A frame of a client; the mask of zeros is a mask as well.
std::string masked(std::string_view text) {
    std::string frame{'\x81', static_cast<char>(0x80 | text.size()), 0, 0, 0, 0};
    return frame.append(text);
}

/// What a client has seen of one of its rooms.
struct room_state {
    std::uint32_t room;
    std::uint32_t last = 0;   ///< the highest number
    std::uint64_t below = 0;  ///< bit i: number last - 1 - i was seen

    enum class arrival { in_order, reordered, doubled };
    arrival take(std::uint32_t number) {
        if (number > last) {
            const std::uint32_t step = number - last;
            below = step < 64 ? below << step : 0;
            if (step <= 64 && last != 0) below |= std::uint64_t{1} << (step - 1);
            last = number;
            return arrival::in_order;
        }
        const std::uint32_t behind = last - number;
        if (behind == 0) return arrival::doubled;
        // One that comes this late counts as doubled, and as missed.
        if (behind > 64) return arrival::doubled;
        const std::uint64_t bit = std::uint64_t{1} << (behind - 1);
        if ((below & bit) != 0) return arrival::doubled;
        below |= bit;
        return arrival::reordered;
    }
};

struct client {
    enum class stage { head, open, connect, live, gone } now = stage::head;
    int fd = -1;
    std::uint64_t began = 0;
    std::string partial;
    std::vector<room_state> rooms;
};

class client_set {
public:
    client_set(const options& o, std::span<const client_spec> specs, unsigned at_once,
               worker_report& report)
        : options_(o), specs_(specs), at_once_(at_once), report_(report), clients_(specs.size()) {
        for (std::size_t i = 0; i < specs.size(); ++i) {
            for (const auto room : specs[i].rooms)
                clients_[i].rooms.push_back({.room = room});
        }
        std::random_device seed;
        source_ = 0x7f000000U | (1 + seed() % 250) << 16 | (seed() % 250) << 8;
    }

    void run(int until_closed) {
        epoll_ = epoll_create1(EPOLL_CLOEXEC);
        epoll_event ending{EPOLLIN | EPOLLHUP, {.u64 = ~std::uint64_t{0}}};
        epoll_ctl(epoll_, EPOLL_CTL_ADD, until_closed, &ending);
        std::vector<epoll_event> events(1024);
        connect_more();
        for (;;) {
            const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
            if (n < 0 && errno != EINTR) die("epoll_wait");
            for (int i = 0; i < n; ++i) {
                const auto& e = events[static_cast<std::size_t>(i)];
                if (e.data.u64 == ending.data.u64) return;
                readable(clients_[e.data.u64]);
            }
            connect_more();
        }
    }

private:
    void connect_more() {
        while (under_way_ < at_once_ && next_ < clients_.size())
            connect(next_++);
    }

    int dial() {
        if (!options_.unix_socket.empty()) {
            const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
            options_.unix_socket.copy(to.sun_path, sizeof to.sun_path - 1);
            if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
                die("connect to " + options_.unix_socket);
            return fd;
        }
        const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Ports of one address would run out over several runs: the closed ones wait for a minute.
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        sockaddr_in from{};
        from.sin_family = AF_INET;
        from.sin_addr.s_addr = htonl(source_ | (1 + next_ / 8000));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(options_.port);
        inet_pton(AF_INET, options_.host.c_str(), &to.sin_addr);
        if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0) die("bind");
        if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) die("connect");
        return fd;
    }

    void connect(std::size_t i) {
        client& c = clients_[i];
        c.began = monotonic_ns();
        c.fd = dial();
        std::string request =
            "GET /ws/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: ";
        request += specs_[i].cookie + "\r\n";
        if (options_.rooms_header) {
            request += "x-bench-rooms: ";
            for (const auto& r : c.rooms)
                request += options_.room_name(r.room) + (&r == &c.rooms.back() ? "" : ",");
            request += "\r\n";
        }
        say(c, request + "\r\n");
        epoll_event wanted{EPOLLIN, {.u64 = i}};
        if (epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &wanted) != 0) die("epoll_ctl");
        ++under_way_;
    }

    void say(client& c, std::string_view bytes) {
        // Small, and seldom: what the kernel does not take at once it never will.
        if (send(c.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(bytes.size()))
            lose(c, "cannot send");
    }

    void lose(client& c, const char* why) {
        if (c.now == client::stage::gone) return;
        if (report_.lost.load() < 3) std::fprintf(stderr, "bench_load: connection lost: %s\n", why);
        if (c.now != client::stage::live) --under_way_;
        c.now = client::stage::gone;
        close(c.fd);
        count(report_.lost);
    }

    void readable(client& c) {
        if (c.now == client::stage::gone) return;
        std::size_t held = c.partial.size();
        std::memcpy(buffer_.data(), c.partial.data(), held);
        const ssize_t got = recv(c.fd, buffer_.data() + held, buffer_.size() - held, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) return lose(c, got == 0 ? "closed by the server" : std::strerror(errno));
        now_ = monotonic_ns();
        std::string_view bytes(buffer_.data(), held + static_cast<std::size_t>(got));
        if (c.now == client::stage::head && !take_head(c, bytes)) {
            c.partial = bytes;
            return;
        }
        while (c.now != client::stage::gone && take_frame(c, bytes)) {
        }
        c.partial = bytes;
        if (c.partial.empty() && c.partial.capacity() > 1024) c.partial.shrink_to_fit();
    }

    bool take_head(client& c, std::string_view& bytes) {
        const auto end = bytes.find("\r\n\r\n");
        if (end == bytes.npos) return false;
        if (!bytes.starts_with("HTTP/1.1 101")) {
            lose(c, std::string(bytes.substr(0, 200)).c_str());
            bytes = {};
            return true;
        }
        bytes.remove_prefix(end + 4);
        c.now = client::stage::open;
        return true;
    }

    bool take_frame(client& c, std::string_view& bytes) {
        if (bytes.size() < 2) return false;
        const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
        std::size_t length = at(1) & 0x7f;
        std::size_t header = 2;
        if (length == 126) {
            if (bytes.size() < 4) return false;
            length = static_cast<std::size_t>(at(2) << 8 | at(3));
            header = 4;
        } else if (length == 127) {
            lose(c, "a frame too large");
            return false;
        }
        if (bytes.size() < header + length) return false;
        if (at(0) == 0x81)
            on_text(c, bytes.substr(header, length));
        else
            lose(c, "a frame that is no text");
        bytes.remove_prefix(header + length);
        return true;
    }

    void on_text(client& c, std::string_view text) {
        if (text == "2") {
            count(report_.pings);
            return say(c, masked("3"));
        }
        switch (c.now) {
            case client::stage::open:
                c.now = client::stage::connect;
                return say(c, masked("40"));
            case client::stage::connect:
                if (!text.starts_with("40")) return lose(c, "CONNECT was refused");
                c.now = client::stage::live;
                --under_way_;
                count(report_.connected);
                return report_.handshake.add((now_ - c.began) / 1000);
            case client::stage::live:
                return on_message(c, text);
            default:
                return lose(c, "an unexpected packet");
        }
    }

    void on_message(client& c, std::string_view text) {
        content_head head;
        if (!content_.read(text, head)) return lose(c, "not a chat message");
        const auto found = std::lower_bound(
            c.rooms.begin(), c.rooms.end(), head.room,
            [](const room_state& r, std::uint32_t wanted) { return r.room < wanted; });
        if (found == c.rooms.end() || found->room != head.room)
            return lose(c, "a message of another room");
        switch (found->take(head.number)) {
            case room_state::arrival::doubled:
                return count(report_.doubled);
            case room_state::arrival::reordered:
                count(report_.reordered);
                break;
            case room_state::arrival::in_order:
                break;
        }
        count(report_.delivered);
        report_.latency.add((now_ - head.stamp) / 1000);
    }

    const options& options_;
    std::span<const client_spec> specs_;
    unsigned at_once_;
    worker_report& report_;
    std::vector<client> clients_;
    std::vector<char> buffer_ = std::vector<char>(receive_size);
    content_reader content_;
    std::size_t next_ = 0;
    unsigned under_way_ = 0;
    int epoll_ = -1;
    std::uint64_t now_ = 0;  ///< when the bytes that are looked at were read
    std::uint32_t source_ = 0;
};

}  // namespace

void run_clients(const options& o, std::span<const client_spec> clients, unsigned at_once,
                 worker_report& report, int until_closed) {
    client_set(o, clients, at_once, report).run(until_closed);
}

}  // namespace bench
