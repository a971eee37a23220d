#pragma once

#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <string>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// Notes each call with its handler; the test answers when and as it likes.
class held_sessions final : public chat::session_store {
public:
    struct call {
        std::string session_id;
        load_handler handler;
    };
    std::vector<call> loads;

    void load(std::string session_id, load_handler handler) override {
        loads.push_back({std::move(session_id), std::move(handler)});
    }
    void ping(done_handler handler) override { handler({}); }
};

class held_directory final : public chat::chat_directory {
public:
    template <class T>
    struct call {
        std::vector<std::string> users;
        unique_function<void(result<std::vector<T>>)> handler;
    };
    std::vector<call<chat::user_chat>> chats;
    std::vector<call<std::string>> active;
    bool restricts = true;

    void chats_of_users(
        std::vector<std::string> users,
        unique_function<void(result<std::vector<chat::user_chat>>)> handler) override {
        chats.push_back({std::move(users), std::move(handler)});
    }
    void can_view_chat(std::string, std::string,
                       unique_function<void(result<bool>)> handler) override {
        handler(false);
    }
    void is_no_chat(std::string, unique_function<void(result<bool>)> handler) override {
        handler(false);
    }
    void active_users(std::vector<std::string> users,
                      unique_function<void(result<std::vector<std::string>>)> handler) override {
        active.push_back({std::move(users), std::move(handler)});
    }
    bool restricts_users() const override { return restricts; }
    void ping(unique_function<void(result<>)> handler) override { handler({}); }
};

}  // namespace chat_gateway::tests
