#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/socketio/cluster/request.hpp>

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the codecs of requests have in common: rare messages, read through a document tree.
namespace chat_gateway::socketio::cluster {

using json = nlohmann::ordered_json;

/// A message of the cluster that is JSON or, not beginning with `{`, MessagePack; binary values
/// become placeholders, whose bytes are in `attachments`. nullopt unless it is an object nested at
/// most 256 deep.
std::optional<json> read_object(std::string_view bytes, std::vector<std::string>& attachments);

/// A list of names; numbers, which JavaScript callers may pass, are meant as their text. False if
/// it is missing or anything else.
bool read_names(const json& object, const char* member, std::vector<std::string>& names);
/// `opts` with its rooms and except.
bool read_selection(const json& object, selection& to);
/// `opts.flags.timeout`, if there is one.
void read_timeout(const json& object, request& r);
/// A member's text; empty if it is missing or no string.
std::string text_of(const json& object, const char* member);
/// `packet`, an EVENT of `nsp`, as its text; its placeholders are those of `attachments`.
bool read_event(const json& packet, const std::string& nsp,
                const std::vector<std::string>& attachments, std::string& text);
bool read_remote_sockets(const json& list, std::vector<remote_socket>& sockets);

/// A value's JSON text, as JSON.stringify escapes it but for non-ASCII, which stays.
std::string print(const json& value);

void append_member(std::string& out, std::string_view name, std::string_view text);
void append_names(std::string& out, const std::vector<std::string>& names);
/// `{"rooms":[..],"except":[..]}`
void append_selection(std::string& out, const selection& to);
/// `[{"id":..,"handshake":..,"rooms":..,"data":..}]`; errc::malformed if a part is no JSON object.
result<std::string> remote_sockets_text(const std::vector<remote_socket>& sockets);
/// The data of an event's text, `["name",..]`; empty if it is none of namespace `nsp`, or asks for
/// an ack.
std::string_view event_data(std::string_view packet, std::string_view nsp, std::size_t attachments);

}  // namespace chat_gateway::socketio::cluster
