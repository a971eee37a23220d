#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <memory>

namespace chat_gateway::gateway {

/// The same store, with the time of each question and the failures counted. `timers`, `inner` and
/// `counts` outlive it, and `counts` whatever is still asked. Services loop.
std::unique_ptr<chat::session_store> timed(scheduler& timers, chat::session_store& inner,
                                           metrics_block& counts);
std::unique_ptr<chat::chat_directory> timed(scheduler& timers, chat::chat_directory& inner,
                                            metrics_block& counts);

}  // namespace chat_gateway::gateway
