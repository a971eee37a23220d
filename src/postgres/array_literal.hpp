#pragma once

#include <span>
#include <string>

namespace chat_gateway::postgres {

/// `{"a","b"}`: a PostgreSQL array as text, each element quoted. Elements hold no NUL.
std::string array_literal(std::span<const std::string> elements);

}  // namespace chat_gateway::postgres
