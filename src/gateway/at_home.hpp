#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <memory>
#include <utility>

namespace chat_gateway::gateway {

/// A handler that runs on `home`, whichever thread calls it; as often as it is called.
template <class... Args>
unique_function<void(Args...)> at_home(net::event_loop& home,
                                       unique_function<void(Args...)> handler) {
    auto shared = std::make_shared<unique_function<void(Args...)>>(std::move(handler));
    return [&home, shared = std::move(shared)](Args... args) {
        home.post(
            [shared, ... args = std::move(args)]() mutable { (*shared)(std::move(args)...); });
    };
}

}  // namespace chat_gateway::gateway
