#pragma once

#include <chat_gateway/base/error.hpp>

#include <pqxx/pqxx>

#include <cstdint>
#include <exception>

namespace chat_gateway::postgres {

enum class failure : std::uint8_t {
    none,
    unreachable,  ///< no connection to be had
    lost,         ///< the connection broke; another one may do
    timeout,      ///< the server's statement_timeout
    rejected,     ///< the server, or our reading of its answer, does not accept the statement
};

/// What callers are told of a statement that is rejected: not that the server is away. Its words
/// are in the log.
boost::system::error_code refused();

/// What an exception out of a statement means.
failure classify(const std::exception& e, const pqxx::connection& c);

}  // namespace chat_gateway::postgres
