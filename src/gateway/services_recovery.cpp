// Sessions that outlive their connection: kept here, or where other gateways find them.
#include "at_home.hpp"
#include "gap_healer.hpp"
#include "stored_recovery.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using json = nlohmann::json;

static_assert(services::keep_interval == stored_recovery::refresh);

constexpr std::size_t epoch_size = 6;
/// How often shards are told where the bus has been read to.
constexpr std::chrono::seconds position_interval{1};

/// What gateways tell each other as an event for servers: Node servers have no listener for it. Its
/// argument is an array of pid and user of sessions that have come back elsewhere.
constexpr std::string_view returned_event = "chat-gateway:returned";
/// Sessions of one event.
constexpr std::size_t most_returned = 1000;

bool is_returned_event(const socketio::cluster::request& r) {
    return r.kind == socketio::cluster::request_kind::server_side_emit && r.id.empty() &&
           r.data.find(returned_event) < 8;
}

}  // namespace

void services::start_recovery() {
    epoch_ = random_token(epoch_size);
    stored_ = std::make_unique<stored_recovery>(
        loop_, *recovery_store_, counts_, recovery_,
        [this](socketio::cluster::message&& m) { return hub_->encode(std::move(m)); },
        [this](auto returned) { tell_returned(std::move(returned)); });
    hub_->set_stored(*stored_);
    tell_position();
}

/// Every second, and behind the messages up to there.
void services::tell_position() {
    const std::uint64_t position = stored_->position();
    if (position != std::exchange(position_told_, position)) {
        for (const shard_door& door : shards_)
            door.loop->post([calls = door.calls, position] { calls->reached(position); });
    }
    loop_.after(position_interval, [this] { tell_position(); });
}

void services::on_gap() {
    hub_->on_gap();
    if (healer_) healer_->on_gap();
    if (!stored_) return;
    stored_->on_gap();
    counts_.add(metric::recovery_gaps);
    for (const shard_door& door : shards_)
        door.loop->post([calls = door.calls] { calls->lost_messages(); });
}

std::string services::owner_of(unsigned shard, slot_handle session) const {
    std::string bytes = epoch_;
    bytes += static_cast<char>(shard);
    for (const std::uint32_t number : {session.index, session.generation}) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            bytes += static_cast<char>(number >> shift & 0xff);
    }
    return base64url_encode(bytes);
}

void services::keep_session(net::event_loop& from, suspended_session s, bool first,
                            unique_function<void(keep_result)> handler) {
    loop_.post(
        [this, s = std::move(s), first, handler = at_home(from, std::move(handler))]() mutable {
            stored_->keep(std::move(s), first, std::move(handler));
        });
}

void services::drop_session(net::event_loop& from, suspended_session s,
                            unique_function<void(bool)> handler) {
    loop_.post([this, s = std::move(s), handler = at_home(from, std::move(handler))]() mutable {
        stored_->drop(s, std::move(handler));
    });
}

void services::tell_returned(std::vector<std::pair<std::string, std::string>> sessions) {
    for (std::size_t begin = 0; begin < sessions.size(); begin += most_returned) {
        json list = json::array();
        for (std::size_t n = begin; n < std::min(sessions.size(), begin + most_returned); ++n)
            list.push_back({sessions[n].first, sessions[n].second});
        cluster_->tell({.kind = socketio::cluster::request_kind::server_side_emit,
                        .data = json({returned_event, std::move(list)})
                                    .dump(-1, ' ', false, json::error_handler_t::replace)},
                       [](result<> told) {
                           // They notice by themselves, when the connections time out.
                           if (!told)
                               log::debug("returned sessions cannot be told",
                                          {{"error", told.error().message()}});
                       });
    }
}

/// Whether it was that event.
bool services::take_returned(const socketio::cluster::request& r) {
    if (!stored_ || !is_returned_event(r)) return false;
    const json event = json::parse(r.data, nullptr, false);
    if (!event.is_array() || event.size() != 2 || !event[1].is_array()) return true;
    for (const auto& one : event[1]) {
        if (!one.is_array() || one.size() != 2 || !one[0].is_string() || !one[1].is_string())
            continue;
        part_from_connection(one[0].get<std::string>(), one[1].get<std::string>(), [] {});
    }
    return true;
}

void services::suspend(suspended_session s) {
    loop_.post([this, s = std::move(s)]() mutable {
        if (stored_) return stored_->suspend(std::move(s));
        hub_->suspend(std::move(s));
    });
}

void services::when_stored(unique_function<void()> done) {
    // Behind what shards have posted.
    loop_.post([this, done = std::move(done)]() mutable {
        if (!stored_) return done();
        stored_->when_stored(std::move(done));
    });
}

void services::give_back(suspended_session s) {
    loop_.post([this, s = std::move(s)]() mutable {
        if (stored_) return stored_->give_back(std::move(s));
        hub_->suspend(std::move(s));
    });
}

services::found_session services::suspended(const std::string& pid, const std::string& user) const {
    if (const auto* found = hub_->suspended(pid, user)) return *found;
    return recovery_failure::unknown_session;
}

void services::find_suspended(net::event_loop& from, std::string pid, std::string user,
                              unique_function<void(found_session)> handler) {
    loop_.post([this, pid = std::move(pid), user = std::move(user),
                handler = at_home(from, std::move(handler))]() mutable {
        if (!public_id::parse(pid)) return handler(recovery_failure::unknown_session);
        if (!stored_) {
            auto found = suspended(pid, user);
            if (std::holds_alternative<suspended_session>(found)) return handler(std::move(found));
        }
        // A client notices the end of its connection before we do, as often as not.
        part_from_connection(pid, user, [this, pid, user, handler = std::move(handler)]() mutable {
            if (stored_) return stored_->find(pid, user, std::move(handler));
            handler(suspended(pid, user));
        });
    });
}

/// Asks each shard; `done` runs on the services loop, behind what they have to say.
void services::part_from_connection(const std::string& pid, const std::string& user,
                                    unique_function<void()> done) {
    struct gathering {
        std::size_t due;
        unique_function<void()> done;
    };
    auto all = std::make_shared<gathering>(gathering{shards_.size(), std::move(done)});
    for (const shard_door& door : shards_) {
        door.loop->post([this, calls = door.calls, pid, user, all] {
            calls->let_go(pid, user);
            loop_.post([all] {
                if (--all->due == 0) all->done();
            });
        });
    }
}

void services::resume(net::event_loop& from, socketio::recovery_claim claim, std::string user,
                      std::vector<std::string> rooms,
                      unique_function<void(std::variant<resumption, recovery_failure>)> handler) {
    loop_.post([this, claim = std::move(claim), user = std::move(user), rooms = std::move(rooms),
                handler = at_home(from, std::move(handler))]() mutable {
        if (!stored_) return handler(hub_->resume(claim, user, rooms));
        stored_->resume(std::move(claim), std::move(user), std::move(rooms), std::move(handler));
    });
}

}  // namespace chat_gateway::gateway
