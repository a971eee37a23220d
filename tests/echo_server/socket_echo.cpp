#include "socket_echo.hpp"

#include <iostream>
#include <utility>
#include <variant>

namespace chat_gateway::echo {

using server::wire_bytes;
using server::wire_ref;

void socket_echo::admit(const http::request&, unique_function<void(server::admission)> decide) {
    decide(std::make_unique<server::admission_ticket>());
}

void socket_echo::on_open(slot_handle session, const public_id&,
                          std::unique_ptr<server::admission_ticket>, engineio::transport) {
    clients_.try_emplace(session);
}

void socket_echo::on_message(slot_handle session, std::string_view data, bool binary) {
    auto& client = clients_.at(session);
    run(session, binary ? client.on_binary(data) : client.on_text(data));
}

void socket_echo::on_upgrade(slot_handle) {}

void socket_echo::on_close(slot_handle session, engineio::close_reason) {
    clients_.erase(session);
}

void socket_echo::run(slot_handle session, std::vector<socketio::client_action> actions) {
    for (const auto& action : actions)
        std::visit([&](const auto& a) { on_action(session, a); }, action);
}

void socket_echo::on_action(slot_handle session, const socketio::connect_request& r) {
    auto& client = clients_.at(session);
    if (r.nsp != "/" && r.nsp != "/custom") {
        client.refuse(r.nsp);
        return send(session, socketio::connect_error(r.nsp, "Invalid namespace"));
    }
    engine_.connected(session);
    const auto id = public_id::make(shard_, session.index);  // of the socket, not the session's
    send(session, socketio::connect_reply(r.nsp, id.text()));
    send(session,
         socketio::event_packet(r.nsp, "auth", '[' + (r.auth.empty() ? "{}" : r.auth) + ']'));
    run(session, client.accept(r.nsp));
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
