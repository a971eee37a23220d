#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstddef>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace chat_gateway {

/// Gathers single questions into few big ones: the first is asked at once, and what comes while `max_in_flight` questions
/// are out waits and is asked together (no artificial delay; a storm makes the batches grow). Equal waiting keys are
/// asked once. Lives on one loop; not thread-safe. A batch's error goes to each of its waiters. Waiting keys beyond
/// max_waiting get errc::overloaded. Destroying it forgets the waiters; answers that come later are ignored.
///
/// `ask(keys, done)` puts the question; `done(result<std::vector<std::pair<Key, Value>>>)` answers it: a key may appear
/// many times or not at all. A waiter gets the values of its key.
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

    batcher(options o, ask_function ask);
    void get(Key key, waiter w);
};

}  // namespace chat_gateway
