#pragma once

#include "options.hpp"
#include "shared.hpp"

#include <span>

namespace bench {

/// Connects its share of the clients, then reads until the process is told to end (the pipe
/// `until_closed` has no writer any more). Runs in a process of its own.
void run_clients(const options& o, std::span<const client_spec> clients, unsigned at_once,
                 worker_report& report, int until_closed);

}  // namespace bench
