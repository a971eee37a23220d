#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/net/accepting_loop.hpp>
#include <chat_gateway/net/descriptor.hpp>

#include <memory>
#include <string>
#include <vector>

namespace chat_gateway::net {

class accept_loop;

/// A listening socket that whoever started the process has opened, and keeps open when the process
/// ends: what connects meanwhile waits in its queue for the next one.
class inherited_socket {
public:
    enum class family { tcp, unix_domain };

    /// not_a_socket; invalid_argument: it is no stream socket, or does not listen;
    /// address_family_not_supported: it is neither TCP nor AF_UNIX. Other errors are the system's.
    static result<inherited_socket> adopt(descriptor socket);

    [[nodiscard]] family kind() const { return kind_; }
    /// `127.0.0.1:7000`, `[::1]:7000`, `unix:/path`, `unix:@abstract`.
    [[nodiscard]] const std::string& text() const { return text_; }

private:
    friend class inherited_listener;
    explicit inherited_socket(descriptor socket) : socket_(std::move(socket)) {}

    descriptor socket_;
    int family_ = 0;  ///< AF_..
    family kind_ = family::tcp;
    std::string text_;
};

/// Accepts from an inherited socket for several loops, as unix_listener does and for its reasons:
/// one descriptor cannot be an SO_REUSEPORT group. The first loop accepts and deals out in turn.
class inherited_listener {
public:
    /// `members`: one or more, before their loops run. Throws boost::system::system_error.
    inherited_listener(inherited_socket socket, std::vector<accepting_loop> members);
    ~inherited_listener();
    /// Accepts no more; who is in the queue stays there. On the first member's loop, or while it
    /// does not run; so is the destruction.
    void stop();

private:
    std::shared_ptr<accept_loop> accepting_;
};

}  // namespace chat_gateway::net
