#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <string_view>
#include <vector>

namespace chat_gateway::admin {

struct part_state {
    std::string_view name;            ///< what it is for
    std::string_view store;           ///< what it is kept in
    boost::system::error_code error;  ///< none: it answers
};

/// Asks every store and the bus whether they answer, at once, each for at most two seconds.
/// Services loop.
void check_readiness(gateway::services& services,
                     unique_function<void(const std::vector<part_state>&)> done);

}  // namespace chat_gateway::admin
