#pragma once

#include "support/raw_client.hpp"

#include <chat_gateway/base/ids.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace chat_gateway::tests {

inline constexpr const char* polling_path = "/ws/?EIO=4&transport=polling";
inline constexpr const char* websocket_path = "/ws/?EIO=4&transport=websocket";

/// The sid of an open packet.
inline std::string sid_of(const std::string& open_packet) {
    constexpr std::string_view start = R"(0{"sid":")";
    if (!open_packet.starts_with(start)) throw std::runtime_error("no open packet: " + open_packet);
    return open_packet.substr(start.size(), public_id::text_size);
}

/// A client that polls, with a fresh connection for every request: any loop may get it.
class polling_client {
public:
    explicit polling_client(server_address server, const header_list& headers = {})
        : server_(std::move(server)) {
        sid = sid_of(raw_client(server_).request("GET", polling_path, {}, headers).body);
    }

    [[nodiscard]] std::string target() const { return polling_path + ("&sid=" + sid); }
    [[nodiscard]] raw_client begin_get() const {
        raw_client c(server_);
        c.send_request("GET", target());
        return c;
    }
    /// A POST whose head the server has taken, and whose body of `size` bytes it waits for.
    [[nodiscard]] raw_client begin_post(std::size_t size) const {
        raw_client c(server_);
        c.send("POST " + target() + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
               std::to_string(size) + "\r\nExpect: 100-continue\r\n\r\n");
        if (c.response().status != 100) throw std::runtime_error("not told to go on");
        return c;
    }
    [[nodiscard]] raw_response get() const { return begin_get().response(); }
    [[nodiscard]] raw_response post(std::string_view body) const {
        return raw_client(server_).request("POST", target(), body,
                                           {{"Content-Type", "text/plain;charset=UTF-8"}});
    }
    /// A WebSocket for this session, behind its 101.
    [[nodiscard]] raw_client upgrade() const {
        raw_client c(server_);
        const auto answer = c.upgrade(websocket_path + ("&sid=" + sid));
        if (answer.status != 101) throw std::runtime_error("not upgraded: " + answer.body);
        return c;
    }

    std::string sid;

private:
    server_address server_;
};

/// A session whose transport is a WebSocket from the start.
class websocket_client {
public:
    explicit websocket_client(const server_address& server, int receive_buffer = 0,
                              const header_list& headers = {})
        : wire(server, receive_buffer) {
        const auto answer = wire.upgrade(websocket_path, headers);
        if (answer.status != 101) throw std::runtime_error("not upgraded: " + answer.body);
        sid = sid_of(wire.frame().payload);
    }

    raw_client wire;
    std::string sid;
};

}  // namespace chat_gateway::tests
