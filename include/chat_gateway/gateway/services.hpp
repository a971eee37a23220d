#pragma once

#include <chat_gateway/chat/authenticator.hpp>
#include <chat_gateway/chat/membership.hpp>
#include <chat_gateway/gateway/hub.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/net/event_loop.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::gateway {

/// The stores and the bus behind one loop, and the way for shards to ask them. Every public
/// function may be called from any shard's thread; the handler then runs on that shard's loop. What
/// is asked behind its end is not answered.
class services {
public:
    /// What the ports stand on, for readiness.
    struct store_names {
        std::string sessions;
        std::string directory;
        std::string bus;
    };
    /// The ports live on `loop` and outlive this. Both are used there only.
    services(net::event_loop& loop, chat::session_store& sessions, chat::chat_directory& directory,
             chat::message_bus& bus, store_names names, chat::authenticator::options authentication,
             metrics& counts);
    ~services();

    /// Before the loops run.
    void add_shard(net::event_loop& shard, unique_function<void(delivery_batch)> deliver);
    void start();

    void authenticate(net::event_loop& from, std::optional<std::string> cookie,
                      unique_function<void(chat::verdict)> handler);

    /// See chat::membership: once, or twice if the list came late. The id is for cancel_load.
    using load_id = std::uint64_t;
    load_id load_chats(net::event_loop& from, std::string user,
                       unique_function<void(result<std::vector<std::string>>)> handler);
    void cancel_load(load_id id);
    /// errc::overloaded when too many ask at once: chat lists and handshakes need the database too.
    void can_view_chat(net::event_loop& from, std::string user, std::string chat,
                       unique_function<void(result<bool>)> handler);

    void acquire(net::event_loop& from, unsigned shard, std::vector<std::string> taken,
                 std::vector<std::string> wanted, unique_function<void()> done);
    void release(unsigned shard, std::vector<std::string> rooms);

    /// Services loop only.
    [[nodiscard]] gateway::hub& hub() { return *hub_; }
    [[nodiscard]] chat::session_store& sessions() { return sessions_; }
    [[nodiscard]] chat::chat_directory& directory() { return directory_; }
    [[nodiscard]] chat::message_bus& bus() { return bus_; }
    [[nodiscard]] net::event_loop& loop() { return loop_; }
    [[nodiscard]] const store_names& stores() const { return names_; }

private:
    struct shard_door {
        net::event_loop* loop;
        std::shared_ptr<unique_function<void(delivery_batch)>> deliver;
    };
    net::event_loop& loop_;
    chat::session_store& sessions_;
    chat::chat_directory& directory_;
    chat::message_bus& bus_;
    store_names names_;
    metrics_block& counts_;
    chat::authenticator authenticator_;
    chat::membership membership_;
    std::vector<shard_door> shards_;
    std::unique_ptr<gateway::hub> hub_;
    std::size_t permission_questions_ = 0;  ///< under way; services loop only
    std::atomic<load_id> next_load_{1};
    std::unordered_map<load_id, chat::membership::load_id> loads_;  ///< services loop only
};

}  // namespace chat_gateway::gateway
