#include <chat_gateway/gateway/hub.hpp>

#include <utility>

namespace chat_gateway::gateway {
namespace {

std::shared_ptr<const delivery> encode(socketio::cluster::message&& m, bool compression) {
    auto out = std::make_shared<delivery>();
    out->text = server::wire_bytes::message(m.packet);
    for (const auto& bytes : m.attachments)
        out->attachments.push_back(server::wire_bytes::binary(bytes));
    if (compression) {
        out->text.compress();
        for (auto& bytes : out->attachments)
            bytes.compress();
    }
    out->rooms = std::move(m.rooms);
    out->except = std::move(m.except);
    return out;
}

}  // namespace

hub::hub(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
         deliver_function deliver)
    : timers_(timers), bus_(bus), counts_(counts), shards_(shards), deliver_(std::move(deliver)) {
    bus_.start([this](std::vector<socketio::cluster::message> messages) {
        on_messages(std::move(messages));
    });
}

void hub::acquire(unsigned shard, const std::vector<std::string>& taken,
                  std::vector<std::string> wanted, unique_function<void()> done) {
    for (const auto& room : taken)
        holders_[room].shards |= std::uint64_t{1} << shard;
    wanted.insert(wanted.end(), taken.begin(), taken.end());
    bus_.subscribe(std::move(wanted), [done = std::move(done)](result<> confirmed) mutable {
        if (confirmed) done();
    });
}

void hub::release(unsigned shard, const std::vector<std::string>& rooms) {
    const time_point now = timers_.now();
    for (const auto& room : rooms) {
        const auto found = holders_.find(room);
        if (found == holders_.end() || found->second.shards == 0) continue;
        found->second.shards &= ~(std::uint64_t{1} << shard);
        if (found->second.shards != 0) continue;
        found->second.released = now;
        unheld_.emplace_back(now, room);
    }
    arm_sweep();
}

void hub::arm_sweep() {
    if (unheld_.empty() || std::exchange(sweep_armed_, true)) return;
    timers_.after(unheld_.front().first + grace - timers_.now(), [this] {
        sweep_armed_ = false;
        drop_unheld();
        arm_sweep();
    });
}

void hub::drop_unheld() {
    const time_point due = timers_.now() - grace;
    std::vector<std::string> gone;
    for (; !unheld_.empty() && unheld_.front().first <= due; unheld_.pop_front()) {
        auto& [when, room] = unheld_.front();
        const auto found = holders_.find(room);
        // Taken up again since, perhaps let go once more: then a later entry tells.
        if (found == holders_.end() || found->second.shards != 0) continue;
        if (found->second.released != when) continue;
        holders_.erase(found);
        gone.push_back(std::move(room));
    }
    if (!gone.empty()) bus_.unsubscribe(gone);
}

void hub::publish(std::vector<socketio::cluster::message> messages,
                  chat::message_bus::done_handler done) {
    const std::size_t count = messages.size();
    bus_.publish(
        std::move(messages), [this, count, done = std::move(done)](result<> published) mutable {
            counts_.add(published ? metric::bus_publishes : metric::bus_publish_failures, count);
            done(published);
        });
}

std::uint64_t hub::shards_for(const socketio::cluster::message& m) const {
    const std::uint64_t all =
        shards_ == max_shards ? ~std::uint64_t{0} : (std::uint64_t{1} << shards_) - 1;
    if (m.rooms.empty()) return all;
    std::uint64_t shards = 0;
    for (const auto& room : m.rooms) {
        const auto found = holders_.find(room);
        if (found != holders_.end()) shards |= found->second.shards;
    }
    return shards;
}

void hub::on_messages(std::vector<socketio::cluster::message> messages) {
    std::vector<delivery_batch> batches(shards_);
    for (auto& m : messages) {
        counts_.add(metric::bus_messages);
        if (m.nsp != "/") continue;
        const std::uint64_t shards = shards_for(m);
        if (shards == 0) continue;
        const auto encoded = encode(std::move(m), compression_);
        for (unsigned s = 0; s < shards_; ++s) {
            if (shards >> s & 1) batches[s].push_back(encoded);
        }
    }
    for (unsigned s = 0; s < shards_; ++s) {
        if (!batches[s].empty()) deliver_(s, std::move(batches[s]));
    }
}

}  // namespace chat_gateway::gateway
