#include <chat_gateway/memory/memory.hpp>

#include <utility>

namespace chat_gateway::memory {

void chat_directory::add_participant(const std::string& user, const std::string& chat) {
    participants_.insert({user, chat});
    chats_.insert(chat);
}

void chat_directory::remove_participant(const std::string& user, const std::string& chat) {
    participants_.erase({user, chat});
}

void chat_directory::set_active_users(std::set<std::string> users) {
    active_ = std::move(users);
    restricts_ = true;
}

void chat_directory::chats_of_users(
    std::vector<std::string> users,
    unique_function<void(result<std::vector<chat::user_chat>>)> handler) {
    std::vector<chat::user_chat> rows;
    for (const auto& user : std::set<std::string>(users.begin(), users.end())) {
        auto it = participants_.lower_bound({user, ""});
        for (; it != participants_.end() && it->user_id == user; ++it)
            rows.push_back(*it);
    }
    answer(std::move(handler), std::move(rows));
}

void chat_directory::can_view_chat(std::string user, std::string chat,
                                   unique_function<void(result<bool>)> handler) {
    answer(std::move(handler), participants_.contains({std::move(user), std::move(chat)}));
}

void chat_directory::is_no_chat(std::string name, unique_function<void(result<bool>)> handler) {
    answer(std::move(handler), !chats_.contains(name));
}

void chat_directory::active_users(std::vector<std::string> users,
                                  unique_function<void(result<std::vector<std::string>>)> handler) {
    std::vector<std::string> rows;
    for (const auto& user : std::set<std::string>(users.begin(), users.end())) {
        if (!restricts_ || active_.contains(user)) rows.push_back(user);
    }
    answer(std::move(handler), std::move(rows));
}

bool chat_directory::restricts_users() const {
    return restricts_;
}

void chat_directory::ping(unique_function<void(result<>)> handler) {
    timers_.after({}, [handler = std::move(handler), up = available_]() mutable {
        handler(up ? result<>() : make_error_code(errc::unavailable));
    });
}

template <class T>
void chat_directory::answer(unique_function<void(result<T>)> handler, T value) {
    // Named in place: an error_code converts to bool as well.
    auto outcome = available_ ? result<T>(boost::system::in_place_value, std::move(value))
                              : result<T>(boost::system::in_place_error, errc::unavailable);
    timers_.after({}, [handler = std::move(handler), outcome = std::move(outcome)]() mutable {
        handler(std::move(outcome));
    });
}

}  // namespace chat_gateway::memory
