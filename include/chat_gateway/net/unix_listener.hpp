#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/net/accepting_loop.hpp>
#include <chat_gateway/net/descriptor.hpp>

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace chat_gateway::net {

class accept_loop;

/// A listening AF_UNIX socket, and its file.
class unix_socket {
public:
    static constexpr std::size_t max_path = 107;  ///< bytes; sockaddr_un has room for no more

    /// A file that a process left behind when it died is replaced. Anything else at the path stays
    /// as it is: address_in_use if somebody listens there, not_a_socket if it is none;
    /// timed_out if somebody holds the lock (flock) of the directory. Other errors are the
    /// system's. Nobody can connect before the file has its mode.
    static result<unix_socket> listen(const std::string& path, mode_t mode);

    unix_socket(unix_socket&& other) noexcept;
    unix_socket& operator=(unix_socket&&) = delete;
    ~unix_socket();

    /// `unix:/path`, as nginx writes it.
    [[nodiscard]] std::string text() const { return "unix:" + path_; }

private:
    friend class unix_listener;
    explicit unix_socket(descriptor listening) : listening_(std::move(listening)) {}
    void remove_file();

    descriptor listening_;
    std::string path_;  ///< empty: there is no file, or it is somebody else's
    dev_t device_ = 0;
    ino_t inode_ = 0;
};

/// Accepts for several loops. AF_UNIX has no SO_REUSEPORT, and loops that wait for one descriptor
/// each on its own are all woken by every connection, of which the quickest takes most: who has few
/// sockets because the others were asleep keeps few. So the first loop accepts and deals out in
/// turn; a connection pays for that with one way through a mailbox, once in its life.
class unix_listener {
public:
    using member = accepting_loop;

    /// `members`: one or more, before their loops run. Throws boost::system::system_error.
    unix_listener(unix_socket socket, std::vector<member> members);
    ~unix_listener();
    /// Removes the file and accepts no more; what was dealt out already still reaches its loop. On
    /// the first member's loop, or while it does not run; so is the destruction.
    void stop();

private:
    unix_socket socket_;
    std::shared_ptr<accept_loop> accepting_;
};

}  // namespace chat_gateway::net
