#include "at_home.hpp"
#include "bus_watch.hpp"
#include "gap_healer.hpp"
#include "permission_questions.hpp"
#include "rights_check.hpp"
#include "stored_recovery.hpp"
#include "user_counts.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// A store that has not answered a handshake by then counts as unreachable.
constexpr std::chrono::seconds store_patience{5};

}  // namespace

services::services(net::event_loop& loop, chat::session_store& sessions,
                   chat::chat_directory& directory, chat::message_bus& bus, store_names names,
                   chat::authenticator::options authentication, recovery_options recovery,
                   metrics& counts)
    : loop_(loop),
      sessions_(sessions),
      directory_(directory),
      bus_(bus),
      names_(std::move(names)),
      recovery_(recovery),
      counts_(counts.make_block()),
      authenticator_(authentication, sessions, directory),
      membership_({}, loop, directory),
      user_pointer_(std::move(authentication.user_pointer)),
      permissions_(std::make_unique<permission_questions>(loop, directory)) {}

services::~services() = default;

void services::add_shard(net::event_loop& shard, shard_calls calls) {
    shards_.push_back({&shard, std::make_shared<shard_calls>(std::move(calls)),
                       std::make_unique<std::atomic<std::size_t>>(0)});
}

void services::start() {
    const auto shards = static_cast<unsigned>(shards_.size());
    recovery_options here = recovery_;
    if (keeps_sessions()) here.window = {};  // kept elsewhere
    hub_ = std::make_unique<gateway::hub>(
        loop_, bus_, counts_, shards, here,
        [this](unsigned shard, delivery_batch batch) { deliver(shard, std::move(batch)); });
    if (keeps_sessions()) start_recovery();
    rights_ = std::make_unique<rights_check>(
        rights_check::options{.period = recheck_, .user_pointer = user_pointer_}, loop_, sessions_,
        directory_, counts_,
        [this](const chat::login_ref& who, std::string_view why) { cut(who, why); });
    cluster_ = std::make_unique<gateway::cluster>(
        loop_, bus_, counts_, shards, [this](unsigned shard, std::shared_ptr<shard_request> r) {
            ask_shard(shard, std::move(r));
        });
    cluster_->serve([this](const auto& r, auto& answer) { return take_own(r, answer); });
    bus_.start({
        .messages = [this](auto messages) { on_messages(std::move(messages)); },
        .gap = [this] { on_gap(); },
        .reached =
            [this](std::uint64_t position) {
                bus_position_.store(position, std::memory_order_relaxed);
                if (stored_) stored_->on_reached(position);
            },
        .request = [this](auto r) { on_request(std::move(r)); },
        .response = [this](auto r) { cluster_->on_response(std::move(r)); },
    });
    users_ = std::make_unique<user_counts>(counts_);
    watch_ = std::make_unique<bus_watch>(loop_, bus_, counts_);
    if (marks_ && history_) start_healer();
}

void services::start_healer() {
    healer_ = std::make_unique<gap_healer>(
        loop_, bus_, *marks_, *history_, counts_,
        paced_teller::listener{
            .messages = [this](auto messages) { hub_->on_messages(std::move(messages)); },
            .request = [this](auto r) { cluster_->on_request(std::move(r)); },
        },
        gap_healer::locals{
            .hold = [this](const auto& rooms,
                           auto done) { return hub_->hold_briefly(rooms, std::move(done)); },
            .subscribes = [this](std::string_view room) { return hub_->subscribes(room); },
            .has =
                [this](std::string_view user) {
                    return users_->is_here(std::hash<std::string_view>{}(user));
                },
        });
}

void services::on_messages(std::vector<socketio::cluster::message> messages) {
    if (healer_) return healer_->on_messages(std::move(messages));
    hub_->on_messages(std::move(messages));
}

void services::on_request(socketio::cluster::request r) {
    if (healer_) return healer_->on_request(std::move(r));
    cluster_->on_request(std::move(r));
}

/// Behind the messages that the bus brought before it.
void services::ask_shard(unsigned shard, std::shared_ptr<shard_request> r) {
    const shard_door& door = shards_[shard];
    if (!stored_) r->what.position = hub_->last_position();
    door.loop->post([this, calls = door.calls, r = std::move(r)] {
        calls->on_request(std::move(r->what), at_home(loop_, std::move(r->answer)));
    });
}

void services::deliver(unsigned shard, delivery_batch batch) {
    const shard_door& door = shards_[shard];
    if (door.loop->may_run_here()) return door.calls->deliver(std::move(batch));
    std::size_t bytes = 0;
    for (const auto& d : batch)
        bytes += sizeof(delivery) + d->bytes();
    const std::size_t undelivered = door.undelivered->fetch_add(bytes) + bytes;
    door.loop->post([this, &door, bytes, batch = std::move(batch)]() mutable {
        door.calls->deliver(std::move(batch));
        note_delivered(door, bytes);
    });
    if (undelivered > max_undelivered) pause_bus(undelivered);
}

/// On the shard's loop. Whoever was above the half comes past it on its way down, and asks then.
void services::note_delivered(const shard_door& door, std::size_t bytes) {
    const std::size_t before = door.undelivered->fetch_sub(bytes);
    if (before <= max_undelivered / 2 || before - bytes > max_undelivered / 2) return;
    loop_.post([this] { resume_bus(); });
}

/// Rather than dropped, messages wait in Redis, in order: a loop that is slow for a moment costs
/// nobody a message. One that is slow for long costs all loops the connection to the bus, when
/// Redis gives it up; that is a gap as after every loss of the bus, known to recovery and the log.
void services::pause_bus(std::size_t undelivered) {
    if (std::exchange(bus_paused_, true)) return;
    counts_.add(metric::bus_pauses);
    log::warn("bus paused: a loop is behind with its messages", {{"bytes", undelivered}});
    bus_.pause(true);
}

void services::resume_bus() {
    const auto is_behind = [](const shard_door& door) {
        return *door.undelivered > max_undelivered / 2;
    };
    if (!bus_paused_ || std::ranges::any_of(shards_, is_behind)) return;
    bus_paused_ = false;
    bus_.pause(false);
    log::info("bus goes on");
}

void services::authenticate(net::event_loop& from, std::optional<std::string> cookie,
                            unique_function<void(chat::verdict)> handler) {
    loop_.post(
        [this, cookie = std::move(cookie), handler = at_home(from, std::move(handler))]() mutable {
            // Whichever comes first, the verdict or the time at which a store counts as
            // unreachable.
            struct wait {
                unique_function<void(chat::verdict)> handler;
                scheduler::timer_id deadline = 0;
            };
            auto w = std::make_shared<wait>();
            w->handler = std::move(handler);
            w->deadline = loop_.after(store_patience, [w] {
                if (auto tell = std::exchange(w->handler, nullptr)) {
                    tell(chat::unavailable{"stores", make_error_code(errc::timeout)});
                }
            });
            authenticator_.authenticate(std::move(cookie), [this, w](chat::verdict v) {
                loop_.cancel(w->deadline);
                if (const auto* who = std::get_if<chat::identity>(&v))
                    rights_->vouch({who->user_id, who->session_id});
                if (auto tell = std::exchange(w->handler, nullptr)) tell(std::move(v));
            });
        });
}

services::load_id services::load_chats(
    net::event_loop& from, std::string user,
    unique_function<void(result<std::vector<std::string>>)> handler) {
    const load_id id = next_load_.fetch_add(1, std::memory_order_relaxed);
    loop_.post([this, id, user = std::move(user),
                handler = at_home(from, std::move(handler))]() mutable {
        const auto inner =
            membership_.load(std::move(user), [this, id, handler = std::move(handler)](
                                                  result<std::vector<std::string>> chats) mutable {
                // The list is the last word; an error is followed by it.
                if (chats) loads_.erase(id);
                handler(std::move(chats));
            });
        loads_.emplace(id, inner);
    });
    return id;
}

void services::cancel_load(load_id id) {
    loop_.post([this, id] {
        const auto found = loads_.find(id);
        if (found == loads_.end()) return;
        membership_.cancel(found->second);
        loads_.erase(found);
    });
}

void services::can_view_chat(net::event_loop& from, std::string user, std::string chat,
                             unique_function<void(result<bool>)> handler) {
    loop_.post([this, user = std::move(user), chat = std::move(chat),
                handler = at_home(from, std::move(handler))]() mutable {
        permissions_->can_view_chat(std::move(user), std::move(chat), std::move(handler));
    });
}

void services::is_no_chat(net::event_loop& from, std::string name,
                          unique_function<void(result<bool>)> handler) {
    loop_.post(
        [this, name = std::move(name), handler = at_home(from, std::move(handler))]() mutable {
            permissions_->is_no_chat(std::move(name), std::move(handler));
        });
}

void services::acquire(net::event_loop& from, unsigned shard, std::vector<std::string> taken,
                       unique_function<void(std::uint64_t)> done) {
    loop_.post(
        [this, shard, taken = std::move(taken), done = at_home(from, std::move(done))]() mutable {
            hub_->acquire(shard, std::move(taken), std::move(done));
        });
}

void services::release(unsigned shard, std::vector<left_room> rooms) {
    loop_.post([this, shard, rooms = std::move(rooms)] { hub_->release(shard, rooms); });
}

}  // namespace chat_gateway::gateway
