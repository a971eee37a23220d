#pragma once

#include <support/postgres_server.hpp>

namespace chat_gateway::tests {

/// The program's one PostgreSQL; started when first asked for.
postgres_server& shared_server();

}  // namespace chat_gateway::tests
