#include "stores.hpp"

#include <chat_gateway/memory/memory.hpp>

#include <vector>

namespace chat_gateway::app {

stores::stores(const settings& s, net::event_loop& loop) {
    names = {s.session.store, s.demo ? "memory" : "postgres", s.bus.kind};

    // The configuration check has parsed the URLs already.
    std::vector<redis::url> nodes;
    if (s.session.store == "redis" || s.bus.kind.starts_with("redis")) {
        nodes = redis::parse_urls(s.redis.url).value();
        for (auto& node : nodes) {
            node.ca_file = s.redis.tls_ca_file;
            node.certificate_file = s.redis.tls_certificate_file;
            node.key_file = s.redis.tls_key_file;
        }
        redis_commands = redis::make_client(loop.context(), nodes, s.bus.prefix);
    }
    open_bus(s, loop);

    if (s.demo) {
        open_demo(s, loop);
        return;
    }
    open_postgres(s, loop);
    if (s.postgres.outbox) open_outbox(s, loop);
    if (s.session.store == "redis") {
        sessions =
            redis::make_session_store(redis_commands, s.session.prefix, nodes.front().database);
    } else if (s.session.store == "postgres") {
        sessions = postgres::make_session_store(postgres_pool, s.session.table);
    } else {
        sessions = std::make_unique<memory::session_store>(loop);
    }
}

void stores::open_bus(const settings& s, net::event_loop& loop) {
    std::unique_ptr<redis::bus> forgets;
    if (s.bus.kind == "redis") {
        forgets = redis::make_classic_bus(
            redis_commands,
            {.prefix = s.bus.prefix, .room_channels = s.bus.subscription == "rooms"});
    } else if (s.bus.kind == "redis-sharded") {
        forgets = redis::make_sharded_bus(redis_commands, s.bus.prefix);
    } else if (s.bus.kind == "redis-streams") {
        bus = redis::make_streams_bus(loop.context(), redis_commands,
                                      {.prefix = s.bus.prefix, .max_length = s.bus.stream_length});
        recovery = redis::make_recovery_store(redis_commands, s.bus.prefix);
    } else {
        bus = memory::make_bus(loop, memory::make_bus_hub());
    }
    if (!forgets) return;
    if (s.postgres.outbox) marks = forgets.get();
    bus = std::move(forgets);
}

void stores::open_demo(const settings& s, net::event_loop& loop) {
    auto session_memory = std::make_unique<memory::session_store>(loop);
    auto chat_memory = std::make_unique<memory::chat_directory>(loop);
    demonstration = std::make_unique<demo>(s, *session_memory, *chat_memory);
    sessions = std::move(session_memory);
    directory = std::move(chat_memory);
}

void stores::open_postgres(const settings& s, net::event_loop& loop) {
    postgres_pool = postgres::make_worker_pool(
        {.url = s.postgres.url,
         .size = s.postgres.pool_size,
         .statement_timeout = std::chrono::milliseconds(s.postgres.statement_timeout_ms)},
        [&loop](unique_function<void()> task) { loop.post(std::move(task)); });
    const auto& given = s.postgres.queries;
    postgres::queries queries{.chats_of_users = given.chats_of_users,
                              .can_view_chat = given.can_view_chat,
                              .active_users = given.active_users};
    if (s.postgres.outbox) queries.probe = postgres::outbox_probe;
    directory = postgres::make_chat_directory(postgres_pool, queries);
}

void stores::open_outbox(const settings& s, net::event_loop& loop) {
    if (s.bus.kind == "redis-sharded") {
        changes = redis::make_sharded_change_sink(redis_commands, s.bus.prefix);
    } else if (s.bus.kind == "redis-streams") {
        changes = redis::make_streams_change_sink(
            redis_commands, {.prefix = s.bus.prefix, .max_length = s.bus.stream_length});
    } else {
        changes = redis::make_classic_change_sink(redis_commands, s.bus.prefix);
    }
    if (marks) history = postgres::make_change_history(postgres_pool);
    feed = postgres::make_change_feed(
        {.url = s.postgres.url,
         .statement_timeout = std::chrono::milliseconds(s.postgres.statement_timeout_ms)},
        [&loop](unique_function<void()> task) { loop.post(std::move(task)); });
}

void stores::start() {
    if (feed) feed->start(*changes);
}

stores::~stores() {
    feed.reset();
    if (redis_commands) redis::stop(*redis_commands);
    if (postgres_pool) postgres::stop(*postgres_pool);
}

}  // namespace chat_gateway::app
