#include "scripted_sink.hpp"

#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/classic_codec.hpp>
#include <chat_gateway/socketio/cluster/classic_requests.hpp>

#include <utility>

namespace chat_gateway::redis {
namespace {

namespace classic = socketio::cluster::classic;
using socketio::cluster::message;
using socketio::cluster::request;

result<publishing_command> encode(std::string_view prefix, const chat::change& change) {
    if (const auto* m = std::get_if<message>(&change)) {
        auto payload = classic::encode_broadcast(emitter_uid, *m);
        if (!payload) return payload.error();
        return publishing_command{"PUBLISH", classic::channel_of(prefix, *m), std::move(*payload)};
    }
    const auto& r = std::get<request>(change);
    auto payload = classic::encode_request(r);
    if (!payload) return payload.error();
    return publishing_command{"PUBLISH", classic::request_channel(prefix, r.nsp),
                              std::move(*payload)};
}

}  // namespace

std::unique_ptr<chat::change_sink> make_classic_change_sink(std::shared_ptr<client> redis,
                                                            std::string prefix) {
    return make_channel_sink(std::move(redis), std::move(prefix), encode);
}

}  // namespace chat_gateway::redis
