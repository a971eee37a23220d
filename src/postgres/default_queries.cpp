#include <chat_gateway/postgres/postgres.hpp>

namespace chat_gateway::postgres {

queries default_queries() {
    // $1 takes the column's own type, so its index is used whatever that type is.
    return {
        "select user_id::text, chat_id::text from chat_participants where user_id = any($1)",
        "select exists (select from chat_participants where user_id = $1 and chat_id = $2)",
        "",
        "select 1",
    };
}

}  // namespace chat_gateway::postgres
