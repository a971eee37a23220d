#pragma once

#include <chat_gateway/base/random.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace chat_gateway::tests {

/// The way between gateways in one process, each on its own services loop; it delays and loses what
/// the test says, and keeps the order of what arrives. Thread-safe; outlives its buses.
class faulty_network {
public:
    using milliseconds = std::chrono::milliseconds;

private:
    struct faults {
        milliseconds most_delay{0};
        milliseconds confirmation{0};
        std::vector<std::size_t> messages_lost = std::vector<std::size_t>(8);  ///< by node
        bool answers_lost = false;
    };

    template <class Change>
    auto change(Change c) {
        const std::lock_guard lock(mutex_);
        return c(faults_);
    }

public:
    /// What is sent takes a random time up to this, to each node anew.
    void delay(milliseconds most) {
        change([&](faults& f) { f.most_delay = most; });
    }
    /// Confirmations of subscriptions take that long.
    void delay_confirmations(milliseconds time) {
        change([&](faults& f) { f.confirmation = time; });
    }
    /// So many of the next messages do not reach the node that was made as the nth, from 0; it
    /// notices.
    void lose_messages(std::size_t nth, std::size_t count) {
        change([&](faults& f) { f.messages_lost[nth] = count; });
    }
    /// What nodes answer is lost from now on, or not.
    void lose_answers(bool lose) {
        change([&](faults& f) { f.answers_lost = lose; });
    }

    std::unique_ptr<chat::message_bus> make_bus(net::event_loop& loop) {
        auto n = std::make_shared<node>(loop);
        change([&](faults&) { nodes_.push_back(n); });
        return std::make_unique<bus>(*this, std::move(n));
    }

private:
    using message = socketio::cluster::message;
    using request = socketio::cluster::request;
    using response = socketio::cluster::response;
    struct gap {};
    using item = std::variant<message, request, response, gap>;

    /// Lives on its loop; what is on its way holds it.
    struct node : std::enable_shared_from_this<node> {
        explicit node(net::event_loop& l) : loop(l), uid(random_token(8)) {}

        void arrive(std::vector<item> items, milliseconds delay) {
            const time_point due = std::max(last_due, loop.now() + delay);
            last_due = due;
            inbox.emplace_back(due, std::move(items));
            if (inbox.size() == 1) wait();
        }
        void wait() {
            loop.after(inbox.front().first - loop.now(), [self = shared_from_this()] {
                auto items = std::move(self->inbox.front().second);
                self->inbox.pop_front();
                if (self->open) self->hand_on(std::move(items));
                if (!self->inbox.empty()) self->wait();
            });
        }
        void hand_on(std::vector<item> items) {
            std::vector<message> batch;
            const auto flush = [&] {
                if (!batch.empty()) told.messages(std::exchange(batch, {}));
            };
            for (auto& i : items) {
                if (auto* m = std::get_if<message>(&i)) {
                    if (m->rooms.size() != 1 || rooms.contains(m->rooms.front()))
                        batch.push_back(std::move(*m));
                    continue;
                }
                flush();
                if (auto* r = std::get_if<request>(&i)) told.request(std::move(*r));
                if (auto* r = std::get_if<response>(&i)) told.response(std::move(*r));
                if (std::holds_alternative<gap>(i)) told.gap();
            }
            flush();
        }

        net::event_loop& loop;
        const std::string uid;
        chat::message_bus::handlers told;
        std::unordered_set<std::string> rooms;
        std::deque<std::pair<time_point, std::vector<item>>> inbox;
        time_point last_due{};
        bool open = true;
    };

    class bus final : public chat::message_bus {
    public:
        bus(faulty_network& network, std::shared_ptr<node> self)
            : network_(network), self_(std::move(self)) {}
        ~bus() override { self_->open = false; }
        bus(const bus&) = delete;
        bus& operator=(const bus&) = delete;

        void start(handlers told) override { self_->told = std::move(told); }
        void subscribe(std::vector<std::string> rooms, done_handler done) override {
            const auto time = network_.change([](faults& f) { return f.confirmation; });
            self_->loop.after(
                time, [self = self_, rooms = std::move(rooms), done = std::move(done)]() mutable {
                    self->rooms.insert(rooms.begin(), rooms.end());
                    done({});
                });
        }
        void unsubscribe(const std::vector<std::string>& rooms) override {
            for (const auto& room : rooms)
                self_->rooms.erase(room);
        }
        void publish(std::vector<message> messages, done_handler done) override {
            network_.send({messages.begin(), messages.end()}, [](const node&) { return true; });
            succeed(std::move(done));
        }
        void ask(request r, done_handler done) override {
            r.from = self_->uid;
            network_.send({std::move(r)}, [&](const node& n) { return n.uid != self_->uid; });
            succeed(std::move(done));
        }
        void answer(const request& asked, response r) override {
            if (network_.change([](faults& f) { return f.answers_lost; })) return;
            r.id = asked.id;
            network_.send({std::move(r)}, [&](const node& n) { return n.uid == asked.from; });
        }
        void count_others(unique_function<void(result<std::size_t>)> handler) override {
            self_->loop.after({}, [handler = std::move(handler),
                                   others = network_.size() - 1]() mutable { handler(others); });
        }
        void pause(bool) override {}
        void ping(done_handler handler) override { succeed(std::move(handler)); }

    private:
        void succeed(done_handler done) {
            self_->loop.after({}, [done = std::move(done)]() mutable { done({}); });
        }
        faulty_network& network_;
        std::shared_ptr<node> self_;
    };

    std::size_t size() {
        const std::lock_guard lock(mutex_);
        return nodes_.size();
    }
    /// Under one lock to all: nobody overtakes anybody.
    template <class To>
    void send(const std::vector<item>& items, To to) {
        const std::lock_guard lock(mutex_);
        for (std::size_t n = 0; n < nodes_.size(); ++n) {
            if (!to(*nodes_[n])) continue;
            std::vector<item> arriving = items;
            for (auto& i : arriving) {
                if (!std::holds_alternative<message>(i) || faults_.messages_lost[n] == 0) continue;
                --faults_.messages_lost[n];
                i = gap{};
            }
            const auto most = static_cast<std::uint64_t>(faults_.most_delay.count());
            const milliseconds delay(random_below(most + 1));
            nodes_[n]->loop.post([node = nodes_[n], arriving = std::move(arriving),
                                  delay]() mutable { node->arrive(std::move(arriving), delay); });
        }
    }

    std::mutex mutex_;
    faults faults_;
    std::vector<std::shared_ptr<node>> nodes_;
};

}  // namespace chat_gateway::tests
