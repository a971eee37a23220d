#pragma once

#include <string>

namespace chat_gateway::socketio::cluster {

/// `new Date(ms)` as JSON.stringify prints it: the ISO string in quotes, `null` if out of a Date's
/// range.
void append_js_date(std::string& out, double ms);

}  // namespace chat_gateway::socketio::cluster
