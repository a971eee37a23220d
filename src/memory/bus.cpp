#include <chat_gateway/base/random.hpp>
#include <chat_gateway/memory/memory.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <variant>

namespace chat_gateway::memory {

using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::response;

namespace {

constexpr std::size_t uid_length = 6;

/// One bus as the hub sees it. Tasks hold it weakly, so that a bus may go while one is due.
class node : public std::enable_shared_from_this<node> {
public:
    explicit node(scheduler& timers) : timers_(timers), uid_(random_token(uid_length)) {}

    void start(chat::message_bus::handlers told) { told_ = std::move(told); }
    [[nodiscard]] const std::string& uid() const { return uid_; }
    void subscribe(const std::vector<std::string>& rooms) {
        rooms_.insert(rooms.begin(), rooms.end());
    }
    void unsubscribe(const std::vector<std::string>& rooms) {
        for (const auto& room : rooms)
            rooms_.erase(room);
    }

    /// As over Redis: what is for exactly one room goes to those who asked for it, the rest to
    /// everybody.
    void take(const message& m) {
        if (m.rooms.size() != 1 || rooms_.contains(m.rooms.front())) put(m);
    }
    void take(const request& r) { put(r); }
    void take(const response& r) { put(r); }

    void pause(bool paused) {
        if (std::exchange(paused_, paused) && !paused && !inbox_.empty()) schedule_delivery();
    }

    template <class T>
    void later(unique_function<void(T)> handler, T outcome) {
        timers_.after(
            {}, [handler = std::move(handler), outcome]() mutable { handler(std::move(outcome)); });
    }

private:
    using item = std::variant<message, request, response>;

    void put(item i) {
        const bool idle = inbox_.empty() && !paused_;
        inbox_.push_back(std::move(i));
        if (idle) schedule_delivery();
    }
    // One task for all that is in the inbox: a scheduler does not promise an order for equal
    // delays.
    void schedule_delivery() {
        timers_.after({}, [weak = weak_from_this()] {
            const auto self = weak.lock();
            if (self && !self->paused_) self->deliver(std::exchange(self->inbox_, {}));
        });
    }
    void deliver(std::vector<item> items) {
        if (!told_.messages) return;  // not started
        std::vector<message> batch;
        const auto flush = [&] {
            if (!batch.empty()) told_.messages(std::exchange(batch, {}));
        };
        for (auto& i : items) {
            if (auto* m = std::get_if<message>(&i)) {
                batch.push_back(std::move(*m));
                continue;
            }
            flush();
            if (auto* r = std::get_if<request>(&i))
                told_.request(std::move(*r));
            else
                told_.response(std::move(std::get<response>(i)));
        }
        flush();
    }

    scheduler& timers_;
    const std::string uid_;
    chat::message_bus::handlers told_;
    std::unordered_set<std::string> rooms_;
    std::vector<item> inbox_;
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
        for (const auto& n : nodes_) {
            for (const auto& m : messages)
                n->take(m);
        }
    }
    void ask(const request& r) {
        for (const auto& n : nodes_) {
            if (n->uid() != r.from) n->take(r);
        }
    }
    void answer(const response& r) {
        for (const auto& n : nodes_) {
            if (n->uid() == r.to) n->take(r);
        }
    }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    void await_return(std::shared_ptr<node> n, chat::message_bus::done_handler handler) {
        waiting_.push_back({std::move(n), std::move(handler)});
    }
    void close_waiters(const std::shared_ptr<node>& n) {
        for (auto& w : waiting_) {
            if (w.whose == n)
                n->later<result<>>(std::move(w.handler), make_error_code(errc::closed));
        }
        std::erase_if(waiting_, [&](const waiter& w) { return w.whose == n; });
    }
    void set_available(bool available) {
        available_ = available;
        if (!available_) return;
        for (auto& w : std::exchange(waiting_, {}))
            w.whose->later<result<>>(std::move(w.handler), {});
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
    void start(handlers told) override { node_->start(std::move(told)); }

    void subscribe(std::vector<std::string> rooms, done_handler done) override {
        node_->subscribe(rooms);
        if (hub_->available())
            node_->later<result<>>(std::move(done), {});
        else
            hub_->await_return(node_, std::move(done));
    }

    void unsubscribe(const std::vector<std::string>& rooms) override { node_->unsubscribe(rooms); }

    void publish(std::vector<message> messages, done_handler done) override {
        if (hub_->available()) hub_->publish(messages);
        node_->later<result<>>(std::move(done), hub_->state());
    }
    void ask(request r, done_handler done) override {
        r.from = node_->uid();
        if (hub_->available()) hub_->ask(r);
        node_->later<result<>>(std::move(done), hub_->state());
    }
    void answer(const request& asked, response r) override {
        r.to = asked.from;
        r.id = asked.id;
        r.from = node_->uid();
        if (hub_->available()) hub_->answer(r);
    }
    void count_others(unique_function<void(result<std::size_t>)> handler) override {
        result<std::size_t> others = hub_->size() - 1;
        if (!hub_->available()) others = make_error_code(errc::unavailable);
        node_->later<result<std::size_t>>(std::move(handler), others);
    }

    void pause(bool paused) override { node_->pause(paused); }
    void ping(done_handler handler) override {
        node_->later<result<>>(std::move(handler), hub_->state());
    }

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
