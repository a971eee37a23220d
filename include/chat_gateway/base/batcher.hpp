#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace chat_gateway {

/// Gathers single questions into few big ones: the first is asked at once, and what comes while
/// `max_in_flight` questions are out waits and is asked together (no artificial delay; a storm
/// makes the batches grow). Equal waiting keys are asked once. Lives on one loop; not thread-safe.
/// A batch's error goes to each of its waiters. Waiting keys beyond max_waiting get
/// errc::overloaded, from inside get(). Destroying it forgets the waiters; answers that come later
/// are ignored. A waiter may call get() or destroy the batcher.
///
/// `ask(keys, done)` puts the question; `done(result<std::vector<std::pair<Key, Value>>>)` answers
/// it, once: a key may appear many times or not at all. A waiter gets the values of its key.
template <class Key, class Value>
class batcher {
public:
    struct options {
        std::size_t max_batch = 512;
        std::size_t max_in_flight = 2;
        std::size_t max_waiting = 100000;
    };
    using answer = result<std::vector<std::pair<Key, Value>>>;
    using ask_function = unique_function<void(std::vector<Key>, unique_function<void(answer)>)>;
    using waiter = unique_function<void(result<std::vector<Value>>)>;

    batcher(options o, ask_function ask) : state_(std::make_shared<state>(o, std::move(ask))) {}
    ~batcher() { state_->forget(); }
    batcher(const batcher&) = delete;
    batcher& operator=(const batcher&) = delete;

    /// Asks for the key anew, even if the same key is being asked right now: the answer is never
    /// older than the call.
    void get(Key key, waiter w) {
        const auto self = state_;  // the waiter of a synchronous answer may destroy this batcher
        self->add(std::move(key), std::move(w));
        self->ask_waiting();
    }

private:
    struct question {
        std::vector<waiter> waiters;
        std::vector<Value> values;
    };
    using batch = std::unordered_map<Key, question>;

    /// Outlives the batcher while a waiter runs; the answers themselves hold it weakly.
    struct state : std::enable_shared_from_this<state> {
        state(options o, ask_function ask) : options_(o), ask_(std::move(ask)) {}

        void add(Key key, waiter w) {
            auto found = waiting_.find(key);
            if (found == waiting_.end()) {
                if (waiting_.size() >= options_.max_waiting)
                    return w(make_error_code(errc::overloaded));
                order_.push_back(key);
                found = waiting_.emplace(std::move(key), std::vector<waiter>{}).first;
            }
            found->second.push_back(std::move(w));
        }

        void ask_waiting() {
            while (!stopped_ && !order_.empty() && in_flight_.size() < options_.max_in_flight) {
                const auto id = ++last_batch_;
                auto keys = take_keys(in_flight_[id]);
                ask_(std::move(keys), [self = this->weak_from_this(), id](answer a) {
                    if (const auto alive = self.lock()) alive->on_answer(id, std::move(a));
                });
            }
        }

        std::vector<Key> take_keys(batch& b) {
            std::vector<Key> keys;
            while (!order_.empty() && keys.size() < options_.max_batch) {
                auto node = waiting_.extract(order_.front());
                order_.pop_front();
                b[node.key()].waiters = std::move(node.mapped());
                keys.push_back(std::move(node.key()));
            }
            return keys;
        }

        void on_answer(std::uint64_t id, answer a) {
            auto node = in_flight_.extract(id);
            if (node.empty()) return;  // forgotten
            ask_waiting();
            if (a) sort_values(node.mapped(), std::move(*a));
            for (auto& [key, asked] : node.mapped())
                tell(asked, a ? boost::system::error_code{} : a.error());
        }

        static void sort_values(batch& b, std::vector<std::pair<Key, Value>> values) {
            for (auto& [key, value] : values) {
                const auto found = b.find(key);
                if (found != b.end()) found->second.values.push_back(std::move(value));
            }
        }

        void tell(question& q, boost::system::error_code error) {
            for (auto& w : q.waiters) {
                if (stopped_) return;
                if (error) {
                    w(error);
                } else {
                    w(&w == &q.waiters.back() ? std::move(q.values) : q.values);
                }
            }
        }

        void forget() {
            stopped_ = true;
            order_.clear();
            waiting_.clear();
            in_flight_.clear();
        }

        options options_;
        ask_function ask_;
        std::deque<Key> order_;
        std::unordered_map<Key, std::vector<waiter>> waiting_;
        std::unordered_map<std::uint64_t, batch> in_flight_;
        std::uint64_t last_batch_ = 0;
        bool stopped_ = false;
    };

    std::shared_ptr<state> state_;
};

}  // namespace chat_gateway
