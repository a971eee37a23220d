#include <chat_gateway/socketio/client.hpp>

#include <algorithm>
#include <ostream>
#include <utility>

namespace chat_gateway::socketio {

namespace {

std::size_t size_of(const packet& p) {
    auto bytes = p.nsp.size() + p.id.size() + p.data.size();
    for (const auto& a : p.attachments)
        bytes += a.size();
    return bytes;
}

struct printer {
    std::ostream& out;

    void operator()(const connect_request& a) const {
        out << "connect_request " << a.nsp << ' ' << a.auth;
    }
    void operator()(const client_event& a) const {
        out << "client_event " << a.nsp << ' ' << a.name << ' ' << a.args;
        tail(a.id, a.attachments);
    }
    void operator()(const client_ack& a) const {
        out << "client_ack " << a.nsp << ' ' << a.args;
        tail(a.id, a.attachments);
    }
    void operator()(const client_left& a) const { out << "client_left " << a.nsp; }
    void operator()(const protocol_error& a) const { out << "protocol_error " << a.what; }

private:
    void tail(const std::string& id, const std::vector<std::string>& attachments) const {
        if (!id.empty()) out << " id=" << id;
        if (!attachments.empty()) out << " attachments=" << attachments.size();
    }
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const client_action& a) {
    std::visit(printer{out}, a);
    return out;
}

std::vector<client_action> client::on_text(std::string_view text) {
    if (failed_) return {};
    packet p;
    const auto status = decoder_.on_text(text, p);
    return on_decoded(status, std::move(p));
}

std::vector<client_action> client::on_binary(std::string_view bytes) {
    if (failed_) return {};
    packet p;
    const auto status = decoder_.on_binary(bytes, p);
    return on_decoded(status, std::move(p));
}

std::vector<client_action> client::on_decoded(decoder::status status, packet p) {
    actions out;
    if (status == decoder::status::malformed) fail("malformed packet", out);
    if (status == decoder::status::complete) on_packet(std::move(p), out);
    return out;
}

void client::on_packet(packet p, actions& out) {
    if (p.type == packet_type::connect) return on_connect(std::move(p), out);
    if (p.type == packet_type::connect_error) return fail("CONNECT_ERROR from a client", out);
    auto* m = find(p.nsp);
    if (!m) return fail("packet for a namespace that is not connected", out);
    switch (m->now) {
        case state::pending:
            return keep_waiting(*m, std::move(p), out);
        case state::joined:
            return deliver(std::move(p), out);
        case state::ended_by_server:
            return;
    }
}

void client::on_connect(packet p, actions& out) {
    auto* m = find(p.nsp);
    if (m && m->now != state::ended_by_server) return fail("second CONNECT", out);
    if (m) forget(p.nsp);
    if (!make_room()) return fail("too many namespaces", out);
    memberships_.push_back({.nsp = p.nsp, .now = state::pending, .waiting = nullptr});
    out.push_back(connect_request{.nsp = std::move(p.nsp), .auth = std::move(p.data)});
}

void client::keep_waiting(membership& m, packet p, actions& out) {
    if (!m.waiting) m.waiting = std::make_unique<waiting_room>();
    auto& [packets, bytes] = *m.waiting;
    bytes += size_of(p);
    if (packets.size() == max_waiting || bytes > max_waiting_bytes) {
        return fail("too much sent before CONNECT was answered", out);
    }
    packets.push_back(std::move(p));
}

/// A packet for a joined namespace.
void client::deliver(packet p, actions& out) {
    if (p.type == packet_type::disconnect) {
        forget(p.nsp);
        out.push_back(client_left{.nsp = std::move(p.nsp)});
    } else if (p.type == packet_type::event || p.type == packet_type::binary_event) {
        auto [name, args] = split_event(p.data);
        out.push_back(client_event{.nsp = std::move(p.nsp),
                                   .name = std::move(name),
                                   .args = std::move(args),
                                   .id = std::move(p.id),
                                   .attachments = std::move(p.attachments)});
    } else if (!p.id.empty()) {
        out.push_back(client_ack{.nsp = std::move(p.nsp),
                                 .id = std::move(p.id),
                                 .args = std::move(p.data),
                                 .attachments = std::move(p.attachments)});
    }
}

void client::fail(std::string_view what, actions& out) {
    failed_ = true;
    out.push_back(protocol_error{what});
}

std::vector<client_action> client::accept(std::string_view nsp) {
    actions out;
    auto* m = find(nsp);
    if (failed_ || !m || m->now != state::pending) return out;
    m->now = state::joined;
    const auto waited = std::move(m->waiting);
    if (!waited) return out;
    // A DISCONNECT among them ends the namespace, so each is looked up anew.
    for (auto& p : waited->packets) {
        if (!failed_) on_packet(std::move(p), out);
    }
    return out;
}

void client::refuse(std::string_view nsp) {
    const auto* m = find(nsp);
    if (m && m->now == state::pending) forget(nsp);
}

void client::leave(std::string_view nsp) {
    auto* m = find(nsp);
    if (!m) return;
    m->now = state::ended_by_server;
    m->waiting.reset();
}

bool client::joined(std::string_view nsp) const {
    const auto* m = find(nsp);
    return m && m->now == state::joined;
}

std::vector<std::string> client::joined_namespaces() const {
    std::vector<std::string> names;
    for (const auto& m : memberships_) {
        if (m.now == state::joined) names.push_back(m.nsp);
    }
    return names;
}

/// Ended namespaces are remembered only while there is room: late packets come soon or not at all.
bool client::make_room() {
    if (memberships_.size() < max_namespaces) return true;
    const auto ended = std::ranges::find(memberships_, state::ended_by_server, &membership::now);
    if (ended == memberships_.end()) return false;
    memberships_.erase(ended);
    return true;
}

client::membership* client::find(std::string_view nsp) {
    const auto found = std::ranges::find(memberships_, nsp, &membership::nsp);
    return found == memberships_.end() ? nullptr : &*found;
}

const client::membership* client::find(std::string_view nsp) const {
    const auto found = std::ranges::find(memberships_, nsp, &membership::nsp);
    return found == memberships_.end() ? nullptr : &*found;
}

void client::forget(std::string_view nsp) {
    const auto found = std::ranges::find(memberships_, nsp, &membership::nsp);
    if (found != memberships_.end()) memberships_.erase(found);
}

}  // namespace chat_gateway::socketio
