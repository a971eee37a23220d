#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>

#include <chrono>
#include <memory>
#include <string>

/// The ports over PostgreSQL: libpqxx on worker threads; nothing of pqxx leaves this module.
namespace chat_gateway::postgres {

/// Runs a task on the services loop; called from worker threads. Must stay callable until the pool is destroyed.
using post_function = unique_function<void(unique_function<void()>)>;

struct queries {
    std::string chats_of_users;
    std::string can_view_chat;
    std::string active_users;  ///< empty: everybody is active
};
/// The participants queries that the configuration defaults to.
queries default_queries();

struct pool_options {
    std::string url;  ///< libpq URI
    unsigned size = 4;
    std::chrono::milliseconds statement_timeout{5000};
};

class worker_pool;
/// Connects lazily, reconnects with backoff and jitter; never throws for an unreachable server.
std::shared_ptr<worker_pool> make_worker_pool(pool_options o, post_function post);
/// Ends the threads: queued work fails with errc::closed, running statements are waited for (bounded by their timeout).
void stop(worker_pool& p);

std::unique_ptr<chat::chat_directory> make_chat_directory(std::shared_ptr<worker_pool> pool, queries q);

}  // namespace chat_gateway::postgres
