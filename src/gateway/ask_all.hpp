#pragma once

#include <chat_gateway/gateway/services.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// Calls `ask(calls)` on each shard's loop; `done` gets what they said, on the services loop and
/// behind whatever they had posted there before.
template <class T, class Ask>
void services::ask_all(Ask ask, unique_function<void(std::vector<T>)> done) {
    struct gathering {
        std::vector<T> answers;
        std::size_t due;
        unique_function<void(std::vector<T>)> done;
    };
    auto all = std::make_shared<gathering>(
        gathering{std::vector<T>(shards_.size()), shards_.size(), std::move(done)});
    for (std::size_t n = 0; n < shards_.size(); ++n) {
        shards_[n].loop->post([this, calls = shards_[n].calls, n, ask, all] {
            loop_.post([all, n, answer = ask(*calls)]() mutable {
                all->answers[n] = std::move(answer);
                if (--all->due == 0) all->done(std::move(all->answers));
            });
        });
    }
}

}  // namespace chat_gateway::gateway
