#include "addresses.hpp"

#include <chat_gateway/base/log.hpp>

#include <utility>

namespace chat_gateway::app {
namespace {

std::optional<net::listen_address> reserve(const std::string& host, std::uint16_t port,
                                           const char* key) {
    auto where = net::listen_address::reserve(host, port);
    if (where) return std::move(*where);
    log::error("cannot listen",
               {{"key", key}, {"host", host}, {"port", port}, {"error", where.error().message()}});
    return std::nullopt;
}

std::string why_not(const boost::system::error_code& ec) {
    namespace fault = boost::system::errc;
    if (ec == fault::not_a_socket)
        return "there is something that is no socket: remove it, or choose another path";
    if (ec == fault::address_in_use) return "in use: another process listens there";
    if (ec == fault::timed_out) return "another process keeps the directory locked";
    return ec.message();
}

std::optional<net::unix_socket> listen(const std::string& path, const std::string& octal_mode) {
    auto opened =
        net::unix_socket::listen(path, static_cast<mode_t>(std::stoul(octal_mode, nullptr, 8)));
    if (opened) return std::move(*opened);
    log::error("cannot listen",
               {{"key", "server.unix_socket"}, {"path", path}, {"error", why_not(opened.error())}});
    return std::nullopt;
}

}  // namespace

std::string addresses::public_text() const {
    if (!unix_domain) return tcp->text();
    return tcp ? tcp->text() + ", " + unix_domain->text() : unix_domain->text();
}

std::optional<addresses> open_addresses(const settings& s) {
    const bool wants_unix = !s.server.unix_socket.empty();
    const bool wants_tcp = s.server.port != 0 || !wants_unix;
    addresses all;
    if (wants_tcp) all.tcp = reserve(s.server.host, s.server.port, "server.port");
    all.admin = reserve(s.admin.host, s.admin.port, "admin.port");
    if (wants_unix) {
        if (auto opened = listen(s.server.unix_socket, s.server.unix_mode))
            all.unix_domain.emplace(std::move(*opened));
    }
    const bool complete =
        all.tcp.has_value() == wants_tcp && all.admin && all.unix_domain.has_value() == wants_unix;
    if (!complete) return std::nullopt;
    return all;
}

}  // namespace chat_gateway::app
