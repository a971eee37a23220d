#include "scripted_sink.hpp"

#include <chat_gateway/redis/redis.hpp>
#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <utility>

namespace chat_gateway::redis {
namespace {

namespace streams = socketio::cluster::streams;
using socketio::cluster::message;
using socketio::cluster::request;

result<streams::entry> entry_of(const chat::change& change) {
    const auto* m = std::get_if<message>(&change);
    if (!m) return streams::encode_entry(emitter_uid, std::get<request>(change));
    if (!m->to_all_nodes || m->rooms.size() != 1) return streams::encode_entry(emitter_uid, *m);
    // There is one stream for all, but what is for one room ends at nodes that nobody is in that
    // room at. Named twice it is for several, and for its members once all the same.
    message wide = *m;
    wide.rooms.push_back(wide.rooms.front());
    return streams::encode_entry(emitter_uid, wide);
}

/// In the slot of the stream, where that is one of a Redis Cluster.
std::string mark_beside(const std::string& stream) {
    const bool tagged = stream.find('{') != std::string::npos;
    return tagged ? stream + ":outbox" : '{' + stream + "}:outbox";
}

}  // namespace

std::unique_ptr<chat::change_sink> make_streams_change_sink(std::shared_ptr<client> redis,
                                                            streams_bus_options o) {
    sink_keys keys{.mark = mark_beside(o.prefix), .written = o.prefix};
    return make_scripted_sink(
        std::move(redis), std::move(keys),
        [o = std::move(o)](const chat::change& change) -> result<publishing_command> {
            auto entry = entry_of(change);
            if (!entry) return entry.error();
            publishing_command words{"XADD", o.prefix, "MAXLEN", "~", std::to_string(o.max_length),
                                     "*"};
            for (auto& word : *entry)
                words.push_back(std::move(word));
            return words;
        });
}

}  // namespace chat_gateway::redis
