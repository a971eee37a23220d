#include "kept_session.hpp"

#include <chat_gateway/socketio/cluster/streams_codec.hpp>
#include <chat_gateway/socketio/stream_position.hpp>

#include <nlohmann/json.hpp>

#include <unordered_map>
#include <utility>

namespace chat_gateway::gateway {
namespace {

namespace streams = socketio::cluster::streams;
using json = nlohmann::json;
using socketio::stream_id;
using socketio::stream_position;

/// Strict: what is missing or of another kind was not written here.
class reader {
public:
    explicit reader(const json& object) : object_(object) {}
    std::string text(const char* name) {
        const json* value = find(name);
        return value && value->is_string() ? value->get<std::string>() : fail<std::string>();
    }
    bool flag(const char* name) {
        const json* value = find(name);
        return value && value->is_boolean() ? value->get<bool>() : fail<bool>();
    }
    std::uint64_t position(const char* name) {
        const auto position = stream_position(text(name));
        return position ? *position : fail<std::uint64_t>();
    }
    std::vector<std::string> texts(const char* name) {
        const json* value = find(name);
        std::vector<std::string> out;
        if (!value || !value->is_array()) return fail<std::vector<std::string>>();
        for (const auto& one : *value) {
            if (!one.is_string()) return fail<std::vector<std::string>>();
            out.push_back(one.get<std::string>());
        }
        return out;
    }
    std::unordered_map<std::string, std::uint64_t> positions(const char* name) {
        using map = std::unordered_map<std::string, std::uint64_t>;
        const json* value = find(name);
        map out;
        if (!value || !value->is_object()) return fail<map>();
        for (const auto& [room, at] : value->items()) {
            const auto position =
                at.is_string() ? stream_position(at.get_ref<const std::string&>()) : std::nullopt;
            if (!position) return fail<map>();
            out.emplace(room, *position);
        }
        return out;
    }
    [[nodiscard]] bool good() const { return good_; }

private:
    const json* find(const char* name) {
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }
    template <class T>
    T fail() {
        good_ = false;
        return T();
    }
    const json& object_;
    bool good_ = true;
};

}  // namespace

result<std::string> write_kept(const suspended_session& s) {
    streams::kept_session out;
    out.owner = s.owner;
    out.sid = s.id.text();
    out.pid = s.pid.text();
    json from = json::object();
    for (const auto& room : s.rooms) {
        out.rooms.push_back(room.name);
        if (room.from != s.start) from[room.name] = stream_id(room.from);
    }
    const json data = {{"user", s.user},
                       {"start", stream_id(s.start)},
                       {"from", std::move(from)},
                       {"left", s.left},
                       {"live", s.live},
                       {"given", stream_id(s.given)},
                       {"through", stream_id(s.through)}};
    out.data = data.dump(-1, ' ', false, json::error_handler_t::replace);
    return streams::encode_session(out);
}

std::optional<suspended_session> read_kept(std::string_view value) {
    auto kept = streams::decode_session(value);
    if (!kept || kept->owner.empty()) return std::nullopt;
    const auto id = public_id::parse(kept->sid);
    const auto pid = public_id::parse(kept->pid);
    const json data = json::parse(kept->data, nullptr, false);
    if (!id || !pid || !data.is_object()) return std::nullopt;

    reader in(data);
    suspended_session s{.pid = *pid,
                        .id = *id,
                        .user = in.text("user"),
                        .start = in.position("start"),
                        .rooms = {},
                        .left = in.texts("left"),
                        .owner = std::move(kept->owner),
                        .live = in.flag("live"),
                        .given = in.position("given"),
                        .through = in.position("through")};
    const auto from = in.positions("from");
    if (!in.good()) return std::nullopt;
    for (auto& name : kept->rooms) {
        const auto found = from.find(name);
        const std::uint64_t position = found == from.end() ? s.start : found->second;
        s.rooms.push_back({std::move(name), position});
    }
    return s;
}

}  // namespace chat_gateway::gateway
