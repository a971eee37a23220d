#include <chat_gateway/memory/memory.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace chat_gateway::memory {

using socketio::cluster::message;

namespace {

/// One bus as the hub sees it. Tasks hold it weakly, so that a bus may go while one is due.
class node : public std::enable_shared_from_this<node> {
public:
    explicit node(scheduler& timers) : timers_(timers) {}

    void start(chat::message_bus::receive_handler handler) { handler_ = std::move(handler); }
    void subscribe(const std::vector<std::string>& rooms) {
        rooms_.insert(rooms.begin(), rooms.end());
    }
    void unsubscribe(const std::vector<std::string>& rooms) {
        for (const auto& room : rooms)
            rooms_.erase(room);
    }

    /// As over Redis: what is for exactly one room goes to those who asked for it, the rest to
    /// everybody.
    void take(const std::vector<message>& messages) {
        const bool idle = inbox_.empty() && !paused_;
        for (const auto& m : messages) {
            if (m.rooms.size() != 1 || rooms_.contains(m.rooms.front())) inbox_.push_back(m);
        }
        if (idle && !inbox_.empty()) schedule_delivery();
    }

    void pause(bool paused) {
        if (std::exchange(paused_, paused) && !paused && !inbox_.empty()) schedule_delivery();
    }

    void later(chat::message_bus::done_handler handler, result<> outcome) {
        timers_.after({}, [handler = std::move(handler), outcome]() mutable { handler(outcome); });
    }

private:
    // One task for all that is in the inbox: a scheduler does not promise an order for equal
    // delays.
    void schedule_delivery() {
        timers_.after({}, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self || self->paused_) return;
            auto batch = std::exchange(self->inbox_, {});
            if (!batch.empty() && self->handler_) self->handler_(std::move(batch));
        });
    }

    scheduler& timers_;
    chat::message_bus::receive_handler handler_;
    std::unordered_set<std::string> rooms_;
    std::vector<message> inbox_;
    bool paused_ = false;
};

}  // namespace

class bus_hub {
public:
    void add(std::shared_ptr<node> n) { nodes_.push_back(std::move(n)); }
    void remove(const std::shared_ptr<node>& n) { std::erase(nodes_, n); }

    [[nodiscard]] bool available() const { return available_; }
    [[nodiscard]] result<> state() const {
        return available_ ? result<>() : make_error_code(errc::unavailable);
    }

    void publish(const std::vector<message>& messages) {
        for (const auto& n : nodes_)
            n->take(messages);
    }
    void await_return(std::shared_ptr<node> n, chat::message_bus::done_handler handler) {
        waiting_.push_back({std::move(n), std::move(handler)});
    }
    void close_waiters(const std::shared_ptr<node>& n) {
        for (auto& w : waiting_) {
            if (w.whose == n) n->later(std::move(w.handler), make_error_code(errc::closed));
        }
        std::erase_if(waiting_, [&](const waiter& w) { return w.whose == n; });
    }
    void set_available(bool available) {
        available_ = available;
        if (!available_) return;
        for (auto& w : std::exchange(waiting_, {}))
            w.whose->later(std::move(w.handler), {});
    }

private:
    struct waiter {
        std::shared_ptr<node> whose;
        chat::message_bus::done_handler handler;
    };
    std::vector<std::shared_ptr<node>> nodes_;
    std::vector<waiter> waiting_;
    bool available_ = true;
};

namespace {

class bus final : public chat::message_bus {
public:
    bus(scheduler& timers, std::shared_ptr<bus_hub> hub)
        : hub_(std::move(hub)), node_(std::make_shared<node>(timers)) {
        hub_->add(node_);
    }
    ~bus() override {
        hub_->remove(node_);
        hub_->close_waiters(node_);
    }
    bus(const bus&) = delete;
    bus& operator=(const bus&) = delete;

    /// No gaps: while the way between the nodes is gone, publishing fails.
    void start(receive_handler handler, gap_handler) override { node_->start(std::move(handler)); }

    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        node_->subscribe(rooms);
        if (hub_->available())
            node_->later(std::move(done), {});
        else
            hub_->await_return(node_, std::move(done));
    }

    void unsubscribe(const std::vector<std::string>& rooms) override { node_->unsubscribe(rooms); }

    void publish(std::vector<message> messages, done_handler done) override {
        if (hub_->available()) hub_->publish(messages);
        node_->later(std::move(done), hub_->state());
    }

    void pause(bool paused) override { node_->pause(paused); }
    void ping(done_handler handler) override { node_->later(std::move(handler), hub_->state()); }

private:
    std::shared_ptr<bus_hub> hub_;
    std::shared_ptr<node> node_;
};

}  // namespace

std::shared_ptr<bus_hub> make_bus_hub() {
    return std::make_shared<bus_hub>();
}

void set_available(bus_hub& hub, bool available) {
    hub.set_available(available);
}

std::unique_ptr<chat::message_bus> make_bus(scheduler& timers, std::shared_ptr<bus_hub> hub) {
    return std::make_unique<bus>(timers, std::move(hub));
}

}  // namespace chat_gateway::memory
