#pragma once

#include <chat_gateway/socketio/room_index.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::gateway {

struct live_user;

/// One login: the session of the back end's that let the sockets in.
struct live_session {
    std::string id;
    live_user* user;
    std::vector<socketio::member_id> sockets;
};
struct live_user {
    const std::string* id = nullptr;   ///< its key
    std::list<live_session> sessions;  ///< few: a browser each

    [[nodiscard]] std::vector<socketio::member_id> sockets() const {
        std::vector<socketio::member_id> all;
        for (const auto& s : sessions)
            all.insert(all.end(), s.sockets.begin(), s.sockets.end());
        return all;
    }
};

/// Who is here, by which session, on which sockets: the ids once for all sockets of a user. A user
/// and a session exist while they have sockets. Lives on its shard; not thread-safe.
class user_registry {
public:
    /// The reference is good until the session's last socket is removed.
    live_session& add(const std::string& user, const std::string& session,
                      socketio::member_id socket) {
        const auto at = users_.try_emplace(user).first;
        live_user& entry = at->second;
        entry.id = &at->first;
        auto found = std::ranges::find(entry.sessions, session, &live_session::id);
        if (found == entry.sessions.end()) {
            entry.sessions.push_front({session, &entry, {}});
            found = entry.sessions.begin();
            ++sessions_;
        }
        found->sockets.push_back(socket);
        return *found;
    }

    void remove(live_session& s, socketio::member_id socket) {
        const auto found = std::ranges::find(s.sockets, socket);
        if (found == s.sockets.end()) return;
        *found = s.sockets.back();
        s.sockets.pop_back();
        if (!s.sockets.empty()) return;
        live_user& user = *s.user;
        user.sessions.remove_if([&](const live_session& other) { return &other == &s; });
        --sessions_;
        if (user.sessions.empty()) users_.erase(users_.find(*user.id));
    }

    /// nullptr: not here.
    [[nodiscard]] const live_user* find(std::string_view user) const {
        const auto found = users_.find(user);
        return found == users_.end() ? nullptr : &found->second;
    }
    [[nodiscard]] std::size_t user_count() const { return users_.size(); }
    [[nodiscard]] std::size_t session_count() const { return sessions_; }
    template <class F>
    void for_each(F&& f) const {
        for (const auto& [id, user] : users_)
            f(user);
    }

private:
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };
    std::unordered_map<std::string, live_user, text_hash, std::equal_to<>> users_;
    std::size_t sessions_ = 0;
};

}  // namespace chat_gateway::gateway
