#include "cluster/node_fields.hpp"

namespace chat_gateway::socketio::cluster::node_data {
namespace {

bool scan_flags(json_scanner& in, opts_fields& opts) {
    opts.volatile_ = opts.timeout = {};
    if (!in.at('{')) return in.skip();
    return in.object([&](std::string_view key) {
        if (key == "volatile") return in.value(opts.volatile_);
        if (key == "timeout") return in.value(opts.timeout);
        return in.skip();
    });
}

bool scan_opts(json_scanner& in, opts_fields& opts) {
    opts = {};
    if (!in.at('{')) return in.skip();
    return in.object([&](std::string_view key) {
        if (key == "rooms") return in.value(opts.rooms);
        if (key == "except") return in.value(opts.except);
        if (key == "flags") return scan_flags(in, opts);
        return in.skip();
    });
}

/// Of a broadcast it is an object with data of its own, else any value.
bool scan_packet(json_scanner& in, data_fields& data) {
    data.packet_type = data.packet_data = {};
    if (!in.at('{')) return in.value(data.packet);
    const auto begin = in.position();
    const bool complete = in.object([&](std::string_view key) {
        if (key == "type") return in.value(data.packet_type);
        if (key == "data") return in.value(data.packet_data);
        return in.skip();
    });
    data.packet = in.since(begin);
    return complete;
}

}  // namespace

bool scan_data(json_scanner& in, data_fields& data) {
    data = {};
    if (!in.at('{')) return in.skip();
    return in.object([&](std::string_view key) {
        if (key == "packet") return scan_packet(in, data);
        if (key == "opts") return scan_opts(in, data.opts);
        if (key == "requestId") return in.value(data.request_id);
        if (key == "rooms") return in.value(data.rooms);
        if (key == "close") return in.value(data.close);
        if (key == "sockets") return in.value(data.sockets);
        if (key == "clientCount") return in.value(data.client_count);
        return in.skip();
    });
}

bool scan_envelope(json_scanner& in, envelope_fields& e) {
    return in.object([&](std::string_view key) {
        if (key == "type") return in.value(e.type);
        if (key == "data") return scan_data(in, e.data);
        if (key == "uid") return in.value(e.uid);
        if (key == "nsp") return in.value(e.nsp);
        return in.skip();
    });
}

}  // namespace chat_gateway::socketio::cluster::node_data
