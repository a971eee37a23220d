#include "addresses.hpp"

#include <chat_gateway/base/log.hpp>

#include <algorithm>
#include <utility>
#include <variant>

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
    std::string all;
    const auto add = [&all](const std::string& text) { all += (all.empty() ? "" : ", ") + text; };
    if (tcp) add(tcp->text());
    if (unix_domain) add(unix_domain->text());
    for (const auto& socket : inherited.open)
        add(socket.text());
    return all;
}

std::string addresses::admin_text() const {
    return admin ? admin->text() : inherited.admin->text();
}

std::optional<addresses> open_addresses(const settings& s, const environment& variables) {
    auto found = take_inherited_sockets(variables);
    if (const auto* fault = std::get_if<std::string>(&found)) {
        log::error("cannot listen", {{"error", *fault}});
        return std::nullopt;
    }
    addresses all;
    all.inherited = std::move(std::get<inherited_sockets>(found));
    using family = net::inherited_socket::family;
    const auto inherits = [&](family kind) {
        return std::ranges::any_of(all.inherited.open,
                                   [&](const auto& socket) { return socket.kind() == kind; });
    };
    const bool names_unix = !s.server.unix_socket.empty();
    const bool wants_unix = names_unix && !inherits(family::unix_domain);
    const bool wants_tcp = !inherits(family::tcp) &&
                           (s.server.port != 0 || (!names_unix && all.inherited.open.empty()));
    const bool wants_admin = !all.inherited.admin;
    if (wants_tcp) all.tcp = reserve(s.server.host, s.server.port, "server.port");
    if (wants_admin) all.admin = reserve(s.admin.host, s.admin.port, "admin.port");
    if (wants_unix) {
        if (auto opened = listen(s.server.unix_socket, s.server.unix_mode))
            all.unix_domain.emplace(std::move(*opened));
    }
    const bool complete = all.tcp.has_value() == wants_tcp &&
                          all.admin.has_value() == wants_admin &&
                          all.unix_domain.has_value() == wants_unix;
    if (!complete) return std::nullopt;
    return all;
}

}  // namespace chat_gateway::app
