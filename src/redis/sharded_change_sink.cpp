#include "scripted_sink.hpp"

#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/sharded_codec.hpp>

#include <utility>

namespace chat_gateway::redis {
namespace {

namespace sharded = socketio::cluster::sharded;
using socketio::cluster::message;
using socketio::cluster::request;

result<publishing_command> encode(std::string_view prefix, const chat::change& change) {
    const auto* m = std::get_if<message>(&change);
    auto payload = m ? sharded::encode(emitter_uid, *m)
                     : sharded::encode(emitter_uid, std::get<request>(change));
    if (!payload) return payload.error();
    auto channel = m ? sharded::channel_of(prefix, *m)
                     : sharded::general_channel(prefix, std::get<request>(change).nsp);
    return publishing_command{"SPUBLISH", std::move(channel), std::move(*payload)};
}

}  // namespace

std::unique_ptr<chat::change_sink> make_sharded_change_sink(std::shared_ptr<client> redis,
                                                            std::string prefix) {
    return make_channel_sink(std::move(redis), std::move(prefix), encode);
}

}  // namespace chat_gateway::redis
