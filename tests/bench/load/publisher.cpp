#include "publisher.hpp"

#include "message.hpp"
#include "shared.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace bench {
namespace {

/// `42["serverMessage",` and `]` around the object.
constexpr std::size_t around_object = 20;

}  // namespace

publisher::publisher(const options& o)
    : options_(o),
      sink_(o.http_port != 0 ? make_http_sink(o.http_port) : make_redis_sink(o.redis_port)),
      members_(o.rooms),
      sent_(o.rooms) {
    for (const auto& c : o.clients) {
        for (const auto room : c.rooms)
            ++members_[room];
    }
    for (std::uint32_t room = 0; room < o.rooms; ++room)
        order_.push_back(room);
    std::shuffle(order_.begin(), order_.end(), std::mt19937(1));
}

std::uint64_t publisher::add() {
    const auto room = order_[next_++ % order_.size()];
    const auto name = options_.room_name(room);
    auto content = print_content({room, ++sent_[room], monotonic_ns()});
    const auto bytes = around_object + message_json(name, content).size();
    if (bytes < options_.frame_bytes) content.append(options_.frame_bytes - bytes, 'x');
    sink_->add(name, content);
    return members_[room];
}

}  // namespace bench
