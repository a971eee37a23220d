#include "loopback.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace bench {

loopback::loopback(std::string name, std::uint16_t port)
    : name_(std::move(name)), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0)
        fail(std::string("cannot connect: ") + std::strerror(errno));
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

loopback::~loopback() {
    close(fd_);
}

void loopback::write(std::string_view bytes) const {
    while (!bytes.empty()) {
        const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR) fail(std::string("cannot send: ") + std::strerror(errno));
        if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void loopback::read(std::string& to) const {
    char part[16 * 1024];
    const ssize_t n = recv(fd_, part, sizeof part, 0);
    if (n < 0 && errno == EINTR) return;
    if (n <= 0) fail(n == 0 ? "has closed the connection" : std::strerror(errno));
    to.append(part, static_cast<std::size_t>(n));
}

void loopback::drain() const {
    char part[16 * 1024];
    while (recv(fd_, part, sizeof part, MSG_DONTWAIT) > 0) {
    }
}

void loopback::fail(const std::string& what) const {
    std::fprintf(stderr, "bench_load: %s: %s\n", name_.c_str(), what.c_str());
    std::_Exit(3);
}

}  // namespace bench
