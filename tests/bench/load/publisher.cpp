#include "publisher.hpp"

#include "shared.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <random>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

void append_string(std::string& to, std::string_view text) {
    if (text.size() < 32) {
        to += static_cast<char>(0xa0 | text.size());
    } else if (text.size() < 256) {
        to += '\xd9';
        to += static_cast<char>(text.size());
    } else {
        to += '\xda';
        to += static_cast<char>(text.size() >> 8);
        to += static_cast<char>(text.size());
    }
    to += text;
}

/// MessagePack of [uid, packet, options], as notepack.io writes it for the emitter.
std::string emitted(const std::string& room, const std::string& content) {
    std::string out("\x93");
    append_string(out, "emitter");
    out += '\x83';
    append_string(out, "type");
    out += '\x02';
    append_string(out, "data");
    out += '\x92';
    append_string(out, "serverMessage");
    out += '\x86';
    append_string(out, "chat_id");
    append_string(out, room);
    append_string(out, "message_id");
    append_string(out, "5c2f0e0a-8f6a-4f7e-9d8b-1b2f3c4d5e6f");
    append_string(out, "author");
    append_string(out, "author-1");
    append_string(out, "content");
    append_string(out, content);
    append_string(out, "timestamp");
    append_string(out, "2026-01-01T00:00:00.000Z");
    append_string(out, "type");
    append_string(out, "message");
    append_string(out, "nsp");
    append_string(out, "/");
    out += '\x83';
    append_string(out, "rooms");
    out += '\x91';
    append_string(out, room);
    append_string(out, "except");
    out += '\x90';
    append_string(out, "flags");
    out += '\x80';
    return out;
}

/// Bytes of the frame's payload beside the content.
constexpr std::size_t fixed_bytes =
    std::string_view(
        R"(42["serverMessage",{"chat_id":"","message_id":"5c2f0e0a-8f6a-4f7e-9d8b-1b2f3c4d5e6f","author":"author-1","content":"","timestamp":"2026-01-01T00:00:00.000Z","type":"message"}])")
        .size() +
    36;

}  // namespace

publisher::publisher(const options& o) : options_(o), members_(o.rooms), sent_(o.rooms) {
    for (const auto& c : o.clients) {
        for (const auto room : c.rooms)
            ++members_[room];
    }
    for (std::uint32_t room = 0; room < o.rooms; ++room)
        order_.push_back(room);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(o.redis_port);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) {
        std::fprintf(stderr, "bench_load: cannot connect to Redis: %s\n", std::strerror(errno));
        std::_Exit(3);
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

publisher::~publisher() {
    close(fd_);
}

std::uint64_t publisher::add() {
    const auto room = order_[next_++ % order_.size()];
    const auto name = room_name(room);
    std::string content =
        std::to_string(++sent_[room]) + ' ' + std::to_string(monotonic_ns()) + ' ';
    if (fixed_bytes + content.size() < options_.frame_bytes)
        content.append(options_.frame_bytes - fixed_bytes - content.size(), 'x');
    const auto payload = emitted(name, content);
    const auto channel = "socket.io#/#" + name + '#';
    buffer_ += "*3\r\n$7\r\nPUBLISH\r\n$" + std::to_string(channel.size()) + "\r\n" + channel +
               "\r\n$" + std::to_string(payload.size()) + "\r\n" + payload + "\r\n";
    return members_[room];
}

void publisher::flush() {
    write(buffer_);
    buffer_.clear();
    drain();
}

void publisher::write(const std::string& bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
        const ssize_t n = send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) {
            std::fprintf(stderr, "bench_load: Redis is gone: %s\n", std::strerror(errno));
            std::_Exit(3);
        }
        if (n > 0) done += static_cast<std::size_t>(n);
    }
}

void publisher::drain() {
    char answers[16 * 1024];
    while (recv(fd_, answers, sizeof answers, MSG_DONTWAIT) > 0) {
    }
}

}  // namespace bench
