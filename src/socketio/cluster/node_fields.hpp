#pragma once

#include "cluster/json_scanner.hpp"

#include <string_view>

namespace chat_gateway::socketio::cluster::node_data {

/// Members of an `opts` as the texts of their JSON values, empty if they are not there.
struct opts_fields {
    std::string_view rooms, except, volatile_, timeout;
};

/// The same of a message's data, whatever its type: one pass gathers what any of them has.
struct data_fields {
    std::string_view request_id, packet, rooms, close, sockets, client_count;
    std::string_view packet_type, packet_data;
    opts_fields opts;
};

struct envelope_fields {
    std::string_view type, uid, nsp;
    data_fields data;
};

/// False unless what comes next is JSON, nested values no deeper than the scanner allows. As in
/// JavaScript the last of members with one name counts.
bool scan_data(json_scanner& in, data_fields& data);
bool scan_envelope(json_scanner& in, envelope_fields& e);

}  // namespace chat_gateway::socketio::cluster::node_data
