#pragma once

#include "stores.hpp"

#include <chat_gateway/gateway/metrics.hpp>

namespace chat_gateway::app {

/// The figures of the process and of its connections to the stores, which are looked up when
/// /metrics is asked for. `s` outlives `figures`' last answer.
void add_process_figures(gateway::metrics& figures, const stores& s);

}  // namespace chat_gateway::app
