#include "socket_echo.hpp"

#include <iostream>
#include <utility>
#include <variant>

namespace chat_gateway::echo {

using server::wire_bytes;
using server::wire_ref;

namespace {

/// Clients written with one listener per message (the published protocol suite is) lose a message
/// that arrives in one read with the one before it: `auth` leaves after the CONNECT reply was read.
constexpr std::chrono::milliseconds greeting_delay{25};

}  // namespace

void socket_echo::admit(const http::request&, unique_function<void(server::admission)> decide) {
    decide(std::make_unique<server::admission_ticket>());
}

void socket_echo::on_open(slot_handle session, const public_id&,
                          std::unique_ptr<server::admission_ticket>, engineio::transport via) {
    peers_[session].websocket = via == engineio::transport::websocket;
}

void socket_echo::on_message(slot_handle session, std::string_view data, bool binary) {
    greet(session);
    auto& protocol = peers_.at(session).protocol;
    run(session, binary ? protocol.on_binary(data) : protocol.on_text(data));
}

void socket_echo::on_upgrade(slot_handle session) {
    peers_.at(session).websocket = true;
}

void socket_echo::on_close(slot_handle session, engineio::close_reason) {
    peers_.erase(session);
}

void socket_echo::run(slot_handle session, std::vector<socketio::client_action> actions) {
    for (const auto& action : actions)
        std::visit([&](const auto& a) { on_action(session, a); }, action);
}

void socket_echo::on_action(slot_handle session, const socketio::connect_request& r) {
    auto& who = peers_.at(session);
    if (r.nsp != "/" && r.nsp != "/custom") {
        who.protocol.refuse(r.nsp);
        return send(session, socketio::connect_error(r.nsp, "Invalid namespace"));
    }
    engine_.connected(session);
    const auto id = public_id::make(0, session.index);  // of the socket, not the session's
    send(session, socketio::connect_reply(r.nsp, id.text()));
    who.greetings.push_back(
        socketio::event_packet(r.nsp, "auth", '[' + (r.auth.empty() ? "{}" : r.auth) + ']'));
    if (who.websocket) {
        loop_.after(greeting_delay, [this, session] { greet(session); });
    } else {
        greet(session);
    }
    run(session, peers_.at(session).protocol.accept(r.nsp));
}

void socket_echo::greet(slot_handle session) {
    const auto found = peers_.find(session);
    if (found == peers_.end()) return;
    for (const auto& packet : std::exchange(found->second.greetings, {}))
        send(session, packet);
}

void socket_echo::on_action(slot_handle session, const socketio::client_event& e) {
    if (e.name == "message") {
        send(session, socketio::event_packet(e.nsp, "message-back", e.args, e.attachments.size()),
             e.attachments);
    } else if (e.name == "message-with-ack" && !e.id.empty()) {
        send(session, socketio::ack_packet(e.nsp, e.id, e.args, e.attachments.size()),
             e.attachments);
    }
}

void socket_echo::on_action(slot_handle, const socketio::client_ack&) {}  // none was asked for
void socket_echo::on_action(slot_handle, const socketio::client_left&) {}

void socket_echo::on_action(slot_handle session, const socketio::protocol_error& e) {
    std::cerr << "protocol error: " << e.what << std::endl;
    engine_.close(session, engineio::close_reason::parse_error);
}

void socket_echo::send(slot_handle session, std::string_view text,
                       const std::vector<std::string>& attachments) {
    engine_.send(session, wire_ref(wire_bytes::message(text)));
    for (const auto& bytes : attachments)
        engine_.send(session, wire_ref(wire_bytes::binary(bytes)));
}

}  // namespace chat_gateway::echo
