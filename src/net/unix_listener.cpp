#include "accept_loop.hpp"
#include "deal_out.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/net/unix_listener.hpp>

#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>

namespace chat_gateway::net {
namespace {

using boost::system::error_code;
namespace fault = boost::system::errc;

/// Others hold the lock for as long as a bind takes.
constexpr std::chrono::milliseconds lock_interval{10};
constexpr int lock_attempts = 100;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

descriptor open_socket() {
    return descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

/// Of two processes that start at once, both may find a dead socket; without a lock the slower one
/// would remove the new socket of the other.
result<descriptor> lock_directory(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string directory = slash == 0 ? "/" : path.substr(0, slash);
    descriptor opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened) return last_error();
    for (int attempt = 0; ::flock(opened.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
        if (errno != EWOULDBLOCK && errno != EINTR) return last_error();
        if (attempt == lock_attempts) return fault::make_error_code(fault::timed_out);
        std::this_thread::sleep_for(lock_interval);
    }
    return opened;
}

/// No error: the path is free now.
error_code clear_path(const std::string& path) {
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0) return errno == ENOENT ? error_code() : last_error();
    if (!S_ISSOCK(found.st_mode)) return fault::make_error_code(fault::not_a_socket);
    const descriptor probe = open_socket();
    if (!probe) return last_error();
    const sockaddr_un address = address_of(path);
    const bool connected =
        ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    // EAGAIN: its backlog is full.
    if (connected || errno == EAGAIN) return fault::make_error_code(fault::address_in_use);
    if (errno == ECONNREFUSED && ::unlink(path.c_str()) == 0) return {};
    return errno == ENOENT ? error_code() : last_error();
}

}  // namespace

result<unix_socket> unix_socket::listen(const std::string& path, mode_t mode) {
    if (path.size() > max_path) return fault::make_error_code(fault::filename_too_long);
    if (!path.starts_with('/')) return fault::make_error_code(fault::invalid_argument);
    const auto lock = lock_directory(path);
    if (!lock) return lock.error();
    if (const auto ec = clear_path(path)) return ec;

    unix_socket out(open_socket());
    if (!out.listening_) return last_error();
    const int fd = out.listening_.get();
    const sockaddr_un address = address_of(path);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return last_error();
    struct stat made {};
    if (::lstat(path.c_str(), &made) != 0) return last_error();
    out.path_ = path;
    out.device_ = made.st_dev;
    out.inode_ = made.st_ino;
    // bind() takes the umask for the mode. Until listen() every connect is refused.
    if (::chmod(path.c_str(), mode) != 0) return last_error();
    // The backlog is what net.core.somaxconn allows: where TCP would send its SYN again, a proxy's
    // connect() to a full AF_UNIX socket fails.
    if (::listen(fd, INT_MAX) != 0) return last_error();
    return out;
}

unix_socket::unix_socket(unix_socket&& other) noexcept
    : listening_(std::move(other.listening_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

unix_socket::~unix_socket() {
    remove_file();
}

/// To be called while the socket still listens: then no other process takes its file for a dead
/// one's, and its inode cannot have been given to another file.
void unix_socket::remove_file() {
    const std::string path = std::exchange(path_, {});
    struct stat found {};
    if (path.empty() || ::lstat(path.c_str(), &found) != 0) return;
    if (found.st_dev != device_ || found.st_ino != inode_) return;
    if (::unlink(path.c_str()) != 0) {
        log::warn("cannot remove a socket file",
                  {{"path", path}, {"error", last_error().message()}});
    }
}

unix_listener::unix_listener(unix_socket socket, std::vector<member> members)
    : socket_(std::move(socket)) {
    accepting_ = deal_out(accept_loop::protocol(AF_UNIX, 0), std::move(socket_.listening_),
                          std::move(members));
}

unix_listener::~unix_listener() {
    stop();
}

void unix_listener::stop() {
    socket_.remove_file();
    accepting_->stop();
}

}  // namespace chat_gateway::net
