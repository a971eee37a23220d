#pragma once

#include "stores.hpp"

#include <chat_gateway/gateway/metrics.hpp>

namespace chat_gateway::app {

/// What the outbox's feed tells of itself, looked up when /metrics is asked for; all 0 without
/// postgres.outbox. `s` outlives `figures`' last answer.
void add_outbox_figures(gateway::metrics& figures, const stores& s);

}  // namespace chat_gateway::app
