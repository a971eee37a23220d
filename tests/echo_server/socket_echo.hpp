#pragma once

#include <chat_gateway/server/engine.hpp>
#include <chat_gateway/socketio/client.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::echo {

/// The Socket.IO application: namespaces `/` and `/custom`, events `message` and
/// `message-with-ack`. Lives on its loop.
class socket_echo final : public server::engine_events {
public:
    socket_echo(net::event_loop& loop, server::engine_options o)
        : loop_(loop), engine_(loop, std::move(o), *this) {}

    server::engine& engine() { return engine_; }

    void admit(const http::request& r, unique_function<void(server::admission)> decide) override;
    void on_open(slot_handle session, const public_id& sid,
                 std::unique_ptr<server::admission_ticket> ticket,
                 engineio::transport via) override;
    void on_message(slot_handle session, std::string_view data, bool binary) override;
    void on_upgrade(slot_handle session) override;
    void on_close(slot_handle session, engineio::close_reason reason) override;

private:
    void run(slot_handle session, std::vector<socketio::client_action> actions);
    void on_action(slot_handle session, const socketio::connect_request& r);
    void on_action(slot_handle session, const socketio::client_event& e);
    void on_action(slot_handle session, const socketio::client_ack& a);
    void on_action(slot_handle session, const socketio::client_left& l);
    void on_action(slot_handle session, const socketio::protocol_error& e);
    void send(slot_handle session, std::string_view text,
              const std::vector<std::string>& attachments = {});

    /// `auth` to a namespace that was joined a moment ago.
    void greet(slot_handle session);

    struct peer {
        socketio::client protocol;
        bool websocket = false;
        std::vector<std::string> greetings = {};  ///< `auth` packets not sent yet
    };

    net::event_loop& loop_;
    server::engine engine_;
    std::map<slot_handle, peer> peers_;
};

}  // namespace chat_gateway::echo
