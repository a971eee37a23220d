#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// MessagePack in notepack.io's choice of forms: always the shortest.
namespace chat_gateway::socketio::cluster::msgpack {

void append_nil(std::string& out);
void append_boolean(std::string& out, bool value);
/// Integral values as integers, others as float 64.
void append_number(std::string& out, double value);
void append_string(std::string& out, std::string_view text);
void append_binary(std::string& out, std::string_view bytes);
/// The elements (for a map: keys and values in turn) are appended next.
void append_array_head(std::string& out, std::size_t elements);
void append_map_head(std::string& out, std::size_t entries);

}  // namespace chat_gateway::socketio::cluster::msgpack
