#include <chat_gateway/socketio/client.hpp>

#include <algorithm>
#include <ostream>
#include <utility>

namespace chat_gateway::socketio {

namespace {

constexpr std::string_view main_namespace = "/";

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
    switch (now(p.nsp)) {
        case state::none:
            return fail("packet for a namespace that is not connected", out);
        case state::pending:
            return keep_waiting(std::move(p), out);
        case state::joined:
            return deliver(std::move(p), out);
        case state::ended_by_server:
            return;
    }
}

void client::on_connect(packet p, actions& out) {
    const state before = now(p.nsp);
    if (before == state::pending || before == state::joined) return fail("second CONNECT", out);
    if (before == state::ended_by_server) forget(p.nsp);
    if (!make_room()) return fail("too many namespaces", out);
    set(p.nsp, state::pending);
    out.push_back(connect_request{.nsp = std::move(p.nsp), .auth = std::move(p.data)});
}

void client::keep_waiting(packet p, actions& out) {
    auto& [packets, bytes] = waiting_of(p.nsp);
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
    if (failed_ || now(nsp) != state::pending) return out;
    set(nsp, state::joined);
    auto waited = take_waiting(nsp);
    // A DISCONNECT among them ends the namespace, so each is looked up anew.
    for (auto& p : waited.packets) {
        if (!failed_) on_packet(std::move(p), out);
    }
    return out;
}

void client::refuse(std::string_view nsp) {
    if (now(nsp) == state::pending) forget(nsp);
}

void client::leave(std::string_view nsp) {
    if (now(nsp) == state::none) return;
    set(nsp, state::ended_by_server);
    (void)take_waiting(nsp);
}

bool client::joined(std::string_view nsp) const {
    return now(nsp) == state::joined;
}

std::vector<std::string> client::joined_namespaces() const {
    std::vector<std::string> names;
    if (main_ == state::joined) names.emplace_back(main_namespace);
    if (!rest_) return names;
    for (const auto& m : rest_->others) {
        if (m.now == state::joined) names.push_back(m.nsp);
    }
    return names;
}

/// Ended namespaces are remembered only while there is room: late packets come soon or not at all.
bool client::make_room() {
    const std::size_t others = rest_ ? rest_->others.size() : 0;
    if ((main_ != state::none ? 1 : 0) + others < max_namespaces) return true;
    if (main_ == state::ended_by_server) {
        forget(main_namespace);
        return true;
    }
    const auto ended = std::ranges::find(rest_->others, state::ended_by_server, &membership::now);
    if (ended == rest_->others.end()) return false;
    rest_->others.erase(ended);
    return true;
}

client::rest& client::rest_now() {
    if (!rest_) rest_ = std::make_unique<rest>();
    return *rest_;
}

void client::drop_empty_rest() {
    if (rest_ && rest_->others.empty() && rest_->waiting.packets.empty()) rest_.reset();
}

client::membership* client::other(std::string_view nsp) {
    if (!rest_) return nullptr;
    const auto found = std::ranges::find(rest_->others, nsp, &membership::nsp);
    return found == rest_->others.end() ? nullptr : &*found;
}

client::state client::now(std::string_view nsp) const {
    if (nsp == main_namespace) return main_;
    const auto* m = const_cast<client*>(this)->other(nsp);
    return m ? m->now : state::none;
}

void client::set(std::string_view nsp, state now) {
    if (nsp == main_namespace) {
        main_ = now;
    } else if (auto* m = other(nsp)) {
        m->now = now;
    } else {
        rest_now().others.push_back({.nsp = std::string(nsp), .now = now});
    }
}

/// Of one that is pending.
client::waiting_room& client::waiting_of(std::string_view nsp) {
    auto* m = other(nsp);
    return m ? m->waiting : rest_now().waiting;
}

client::waiting_room client::take_waiting(std::string_view nsp) {
    if (!rest_) return {};
    auto taken = std::exchange(waiting_of(nsp), {});
    drop_empty_rest();
    return taken;
}

void client::forget(std::string_view nsp) {
    (void)take_waiting(nsp);
    if (nsp == main_namespace)
        main_ = state::none;
    else if (rest_)
        std::erase_if(rest_->others, [nsp](const membership& m) { return m.nsp == nsp; });
    drop_empty_rest();
}

}  // namespace chat_gateway::socketio
