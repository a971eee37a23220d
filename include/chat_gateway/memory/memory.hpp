#pragma once

#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

/// The ports in memory: --demo's stores, and the tests'. They live on the services loop. Answers
/// come through `timers.after(0, ..)`, never from inside the call.
namespace chat_gateway::memory {

class session_store final : public chat::session_store {
public:
    explicit session_store(scheduler& timers) : timers_(timers) {}
    void put(std::string session_id, std::string record) {
        records_[std::move(session_id)] = std::move(record);
    }
    void erase(const std::string& session_id);
    /// Tests: what ends is not told to the watcher.
    void set_telling(bool tells) { tells_ = tells; }
    /// Tests: every call fails with errc::unavailable until set back.
    void set_available(bool available) { available_ = available; }

    void load(std::string session_id, load_handler handler) override;
    void watch(watcher w) override { watcher_ = std::move(w); }
    void ping(done_handler handler) override;

private:
    scheduler& timers_;
    std::map<std::string, std::string> records_;
    bool available_ = true;
    bool tells_ = true;
    watcher watcher_;
};

class chat_directory final : public chat::chat_directory {
public:
    explicit chat_directory(scheduler& timers) : timers_(timers) {}
    void add_participant(const std::string& user, const std::string& chat);
    void remove_participant(const std::string& user, const std::string& chat);
    /// From the first call on only these users are active.
    void set_active_users(std::set<std::string> users);
    void set_available(bool available) { available_ = available; }

    void chats_of_users(
        std::vector<std::string> users,
        unique_function<void(result<std::vector<chat::user_chat>>)> handler) override;
    void can_view_chat(std::string user, std::string chat,
                       unique_function<void(result<bool>)> handler) override;
    /// It knows all the chats there are.
    void is_no_chat(std::string name, unique_function<void(result<bool>)> handler) override;
    void active_users(std::vector<std::string> users,
                      unique_function<void(result<std::vector<std::string>>)> handler) override;
    bool restricts_users() const override;
    void ping(unique_function<void(result<>)> handler) override;

private:
    template <class T>
    void answer(unique_function<void(result<T>)> handler, T value);

    scheduler& timers_;
    std::set<chat::user_chat> participants_;
    std::set<std::string> chats_;  ///< also those that nobody is in any more
    std::set<std::string> active_;
    bool restricts_ = false;
    bool available_ = true;
};

/// A bus of one node; several made with the same hub form a cluster in one process.
class bus_hub;
std::shared_ptr<bus_hub> make_bus_hub();
/// Tests: the way between the nodes is gone (publish and ping fail, subscribe waits) until set
/// back.
void set_available(bus_hub& hub, bool available);
std::unique_ptr<chat::message_bus> make_bus(scheduler& timers, std::shared_ptr<bus_hub> hub);

}  // namespace chat_gateway::memory
