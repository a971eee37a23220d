#pragma once

#include <chat_gateway/chat/session_recheck.hpp>
#include <chat_gateway/socketio/room_index.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::gateway {

/// Whose the sockets of one shard are, and by which session of the back end they came: user ->
/// sessions -> sockets. The ids are kept once for all sockets that share them. Lives on its shard;
/// not thread-safe.
class user_registry {
public:
    using member_id = socketio::member_id;

    /// True: the session is the first of its name and user here.
    bool enter(member_id m, std::string user, std::string session);
    /// True: it was the last socket of its session here. Of one that is not here: false.
    bool leave(member_id m);
    /// nullptr: no such socket.
    [[nodiscard]] chat::login_ref login_of(member_id m) const {
        return m < seats_.size() ? seats_[m].who : nullptr;
    }
    [[nodiscard]] std::vector<member_id> sockets_of(std::string_view user) const;
    [[nodiscard]] std::vector<member_id> sockets_of(const chat::login& who) const;
    [[nodiscard]] std::size_t user_count() const { return users_.size(); }
    /// The user whose id hashes to it (std::hash<std::string_view>); empty: nobody here.
    [[nodiscard]] std::string_view user_of(std::uint64_t hash_of_id) const {
        const auto found = users_.find(hashed{hash_of_id});
        return found == users_.end() ? std::string_view() : found->first;
    }

private:
    static constexpr member_id nobody = ~member_id{0};
    /// A socket's place in the ring of its user's sockets: no list of its own to allocate.
    struct seat {
        chat::login_ref who;
        member_id before = nobody;
        member_id behind = nobody;
    };
    struct account {
        member_id first = nobody;
        std::uint32_t sockets = 0;
    };

    struct hashed {
        std::uint64_t value;
    };
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view user) const {
            return std::hash<std::string_view>{}(user);
        }
        std::size_t operator()(hashed user) const { return user.value; }
    };
    struct equal {
        using is_transparent = void;
        bool operator()(std::string_view a, std::string_view b) const { return a == b; }
        bool operator()(hashed a, std::string_view b) const { return a.value == hash{}(b); }
        bool operator()(std::string_view a, hashed b) const { return hash{}(a) == b.value; }
    };

    std::vector<seat> seats_;  ///< by member id
    /// Keys view into the logins of the users' sockets: see leave().
    std::unordered_map<std::string_view, account, hash, equal> users_;
};

}  // namespace chat_gateway::gateway
