#include "refused_sessions.hpp"

#include <utility>
#include <variant>

namespace chat_gateway::gateway {
namespace {

/// The namespace that a session would be for; there are no others (see shard).
constexpr std::string_view main_namespace = "/";

}  // namespace

void refused_sessions::add(slot_handle session, std::unique_ptr<connection_limits::place> place,
                           bool websocket, time_point now) {
    entries_[session.index] = {.session = session,
                               .place = std::move(place),
                               .protocol = {},
                               .opened = now,
                               .websocket = websocket};
}

refused_sessions::entry* refused_sessions::find(slot_handle session) {
    const auto found = entries_.find(session.index);
    return found != entries_.end() && found->second.session == session ? &found->second : nullptr;
}

void refused_sessions::remove(slot_handle session) {
    if (find(session)) entries_.erase(session.index);
}

refused_sessions::outcome refused_sessions::on_message(slot_handle session, std::string_view data,
                                                       bool binary) {
    outcome out;
    entry* e = find(session);
    if (!e) return out;
    // No namespace is ever joined, so every other packet is a protocol error by itself.
    for (const auto& action : binary ? e->protocol.on_binary(data) : e->protocol.on_text(data)) {
        if (const auto* connect = std::get_if<socketio::connect_request>(&action)) {
            e->protocol.refuse(connect->nsp);
            const bool here = connect->nsp == main_namespace;
            out.unauthorized += here ? 1 : 0;
            out.answers.push_back(
                socketio::connect_error(connect->nsp, here ? "Unauthorized" : "Invalid namespace"));
        } else {
            out.malformed = true;
        }
    }
    return out;
}

}  // namespace chat_gateway::gateway
