// What goes on in rooms: messages from the bus are counted by the hub, the rest by the shards.
#include "ask_all.hpp"

#include <chat_gateway/base/ids.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <utility>

namespace chat_gateway::gateway {

void services::note_denial(std::string chat) {
    loop_.post([this, chat = std::move(chat)] { hub_->note_denial(chat); });
}

void services::busiest_rooms(std::size_t most,
                             unique_function<void(std::vector<named_room>)> done) {
    // A room by the name of a socket is that socket's own.
    const auto is_chat = [](std::string_view name) { return !public_id::parse(name); };
    figures_of(hub_->busiest(most, is_chat), std::move(done));
}

void services::figures_of(std::vector<std::string> rooms,
                          unique_function<void(std::vector<named_room>)> done) {
    std::vector<named_room> named;
    named.reserve(rooms.size());
    for (auto& room : rooms) {
        const auto counts = hub_->counts_of(room);
        named.push_back({.name = room,
                         .figures = {.messages_in = counts.messages,
                                     .messages_out = counts.before.sent,
                                     .joins = counts.before.joined,
                                     .leaves = counts.before.departed,
                                     .denials = counts.denials}});
    }
    const auto shared = std::make_shared<const std::vector<std::string>>(std::move(rooms));
    ask_all<std::vector<room_figures>>(
        [shared](shard_calls& calls) { return calls.figures_of(*shared); },
        [named = std::move(named),
         done = std::move(done)](std::vector<std::vector<room_figures>> parts) mutable {
            for (const auto& part : parts) {
                for (std::size_t i = 0; i < part.size(); ++i) {
                    room_figures& sum = named[i].figures;
                    sum.members += part[i].members;
                    sum.messages_out += part[i].messages_out;
                    sum.joins += part[i].joins;
                    sum.leaves += part[i].leaves;
                }
            }
            done(std::move(named));
        });
}

}  // namespace chat_gateway::gateway
