#pragma once

#include "accept_loop.hpp"

#include <chat_gateway/net/accepting_loop.hpp>

#include <memory>
#include <vector>

namespace chat_gateway::net {

/// Accepts on the first of `members`' loops and gives them the connections in turn; what was dealt
/// out when it is stopped still reaches its loop. Throws boost::system::system_error.
std::shared_ptr<accept_loop> deal_out(accept_loop::protocol kind, descriptor listening,
                                      std::vector<accepting_loop> members);

}  // namespace chat_gateway::net
