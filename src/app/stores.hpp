#pragma once

#include "demo.hpp"

#include <chat_gateway/app/settings.hpp>
#include <chat_gateway/chat/ports/change_feed.hpp>
#include <chat_gateway/chat/ports/change_history.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/postgres/postgres.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <memory>

namespace chat_gateway::app {

/// The stores and the bus that the settings name: the one place that knows concrete ones. They live
/// on the services loop and are built and destroyed while it does not run.
struct stores {
    stores(const settings& s, net::event_loop& loop);
    ~stores();
    stores(const stores&) = delete;
    stores& operator=(const stores&) = delete;
    /// When there is somebody to hear what they have to say.
    void start();

    std::shared_ptr<redis::client> redis_commands;  ///< null if nothing is in Redis
    std::shared_ptr<postgres::worker_pool> postgres_pool;
    std::unique_ptr<chat::session_store> sessions;
    std::unique_ptr<chat::chat_directory> directory;
    std::unique_ptr<chat::message_bus> bus;
    /// The same bus, where the outbox is published on it and it keeps nothing itself; else null, as
    /// is the history.
    chat::bus_marks* marks = nullptr;
    std::unique_ptr<chat::recovery_store> recovery;  ///< null: the bus keeps nothing
    std::unique_ptr<chat::change_sink> changes;      ///< with postgres.outbox, as is the feed
    std::unique_ptr<chat::change_feed> feed;
    std::unique_ptr<chat::change_history> history;
    std::unique_ptr<demo> demonstration;  ///< with --demo
    gateway::services::store_names names;

private:
    void open_demo(const settings& s, net::event_loop& loop);
    void open_bus(const settings& s, net::event_loop& loop);
    void open_postgres(const settings& s, net::event_loop& loop);
    void open_outbox(const settings& s, net::event_loop& loop);
};

}  // namespace chat_gateway::app
