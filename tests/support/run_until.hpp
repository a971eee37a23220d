#pragma once

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>

namespace chat_gateway::tests {

/// Runs the loop until `done()`; a test that waits for what never comes fails here instead of
/// hanging.
template <class Done>
void run_until(boost::asio::io_context& loop, Done done,
               std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    loop.restart();
    while (!done()) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= end || loop.run_one_for(end - now) == 0) {
            ADD_FAILURE() << "what was waited for did not come";
            return;
        }
    }
}

/// After everything has been stopped: runs what is left. Fails if something goes on.
inline void run_dry(boost::asio::io_context& loop) {
    loop.restart();
    loop.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(loop.stopped()) << "something is still waiting";
}

}  // namespace chat_gateway::tests
