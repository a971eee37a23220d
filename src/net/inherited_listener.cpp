#include "accept_loop.hpp"
#include "deal_out.hpp"

#include <chat_gateway/net/inherited_listener.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace chat_gateway::net {
namespace {

using boost::system::error_code;
using tcp = boost::asio::ip::tcp;
namespace fault = boost::system::errc;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

result<int> option(const descriptor& socket, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(socket.get(), SOL_SOCKET, name, &value, &size) != 0) return last_error();
    return value;
}

std::string tcp_text(const sockaddr_storage& address, socklen_t size) {
    tcp::endpoint where;
    std::memcpy(where.data(), &address, size);
    where.resize(size);
    const std::string host = where.address().to_string();
    return (where.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(where.port());
}

std::string unix_text(const sockaddr_storage& address, socklen_t size) {
    const auto* un = reinterpret_cast<const sockaddr_un*>(&address);
    const std::size_t length = size - offsetof(sockaddr_un, sun_path);
    if (length == 0) return "unix:";
    if (un->sun_path[0] != '\0') return "unix:" + std::string(un->sun_path);
    return "unix:@" + std::string(un->sun_path + 1, length - 1);
}

}  // namespace

result<inherited_socket> inherited_socket::adopt(descriptor socket) {
    const auto type = option(socket, SO_TYPE);
    if (!type) return type.error();
    const auto listens = option(socket, SO_ACCEPTCONN);
    if (!listens) return listens.error();
    if (*type != SOCK_STREAM || *listens == 0)
        return fault::make_error_code(fault::invalid_argument);
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
        return last_error();
    if (::fcntl(socket.get(), F_SETFD, FD_CLOEXEC) != 0) return last_error();

    inherited_socket out(std::move(socket));
    out.family_ = address.ss_family;
    switch (address.ss_family) {
        case AF_INET:
        case AF_INET6:
            out.kind_ = family::tcp;
            out.text_ = tcp_text(address, size);
            return out;
        case AF_UNIX:
            out.kind_ = family::unix_domain;
            out.text_ = unix_text(address, size);
            return out;
        default:
            return fault::make_error_code(fault::address_family_not_supported);
    }
}

inherited_listener::inherited_listener(inherited_socket socket,
                                       std::vector<accepting_loop> members) {
    const int protocol = socket.kind_ == inherited_socket::family::tcp ? IPPROTO_TCP : 0;
    accepting_ = deal_out(accept_loop::protocol(socket.family_, protocol),
                          std::move(socket.socket_), std::move(members));
}

inherited_listener::~inherited_listener() {
    stop();
}

void inherited_listener::stop() {
    accepting_->stop();
}

}  // namespace chat_gateway::net
