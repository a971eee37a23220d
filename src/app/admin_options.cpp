#include "admin_options.hpp"

#include <array>
#include <string>
#include <unistd.h>

namespace chat_gateway::app {
namespace {

std::string lower_case(std::string text) {
    for (auto& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    }
    return text;
}

/// Of two gateways of a machine the port tells which; the system's choice tells nothing.
std::string instance_name(const settings& s) {
    std::array<char, 256> host{};
    const bool named = ::gethostname(host.data(), host.size() - 1) == 0;
    const std::string where = named ? std::string(host.data()) + ":" : "gateway:";
    if (s.admin.port == 0) return where + "process " + std::to_string(::getpid());
    return where + std::to_string(s.admin.port);
}

}  // namespace

admin::admin_routes::options admin_options_of(const settings& s) {
    admin::admin_routes::options o{
        .token = s.admin.token, .socketio_path = s.server.path, .name = instance_name(s)};
    o.names.push_back(lower_case(s.admin.host));
    for (const auto& name : s.admin.names)
        o.names.push_back(lower_case(name));
    return o;
}

}  // namespace chat_gateway::app
