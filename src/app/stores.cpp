#include "stores.hpp"

#include <chat_gateway/memory/memory.hpp>

namespace chat_gateway::app {

stores::stores(const settings& s, net::event_loop& loop) {
    names = {s.session.store, s.demo ? "memory" : "postgres", s.bus.kind};

    // The configuration check has parsed the URL already.
    redis::url where;
    if (s.session.store == "redis" || s.bus.kind == "redis") {
        where = redis::parse_url(s.redis.url).value();
        redis_commands = redis::make_connection(loop.context(), where);
    }
    if (s.bus.kind == "redis") {
        bus = redis::make_classic_bus(
            loop.context(), where, redis_commands,
            {.prefix = s.bus.prefix, .room_channels = s.bus.subscription == "rooms"});
    } else {
        bus = memory::make_bus(loop, memory::make_bus_hub());
    }

    memory::session_store* memory_sessions = nullptr;
    if (s.session.store == "redis") {
        sessions =
            redis::make_session_store(redis_commands, s.session.prefix, loop.context(), where);
    } else {
        auto in_memory = std::make_unique<memory::session_store>(loop);
        memory_sessions = in_memory.get();
        sessions = std::move(in_memory);
    }

    if (s.demo) {
        auto in_memory = std::make_unique<memory::chat_directory>(loop);
        demonstration = std::make_unique<demo>(s, *memory_sessions, *in_memory);
        directory = std::move(in_memory);
        return;
    }
    postgres_pool = postgres::make_worker_pool(
        {.url = s.postgres.url,
         .size = s.postgres.pool_size,
         .statement_timeout = std::chrono::milliseconds(s.postgres.statement_timeout_ms)},
        [&loop](unique_function<void()> task) { loop.post(std::move(task)); });
    postgres::queries queries = postgres::default_queries();
    const auto& given = s.postgres.queries;
    if (!given.chats_of_users.empty()) queries.chats_of_users = given.chats_of_users;
    if (!given.can_view_chat.empty()) queries.can_view_chat = given.can_view_chat;
    queries.active_users = given.active_users;
    directory = postgres::make_chat_directory(postgres_pool, queries);
}

stores::~stores() {
    if (redis_commands) redis::stop(*redis_commands);
    if (postgres_pool) postgres::stop(*postgres_pool);
}

}  // namespace chat_gateway::app
