#pragma once

#include <string>
#include <string_view>

namespace chat_gateway::postgres {

/// `name` or `schema.name` as identifiers of SQL: `"schema"."name"`. Case is kept, as
/// connect-pg-simple keeps it.
std::string quoted_name(std::string_view name);

}  // namespace chat_gateway::postgres
