#pragma once

#include <chat_gateway/chat/session_recheck.hpp>
#include <chat_gateway/socketio/room_index.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::gateway {

/// Whose the sockets of one shard are, and by which session of the back end they came: user ->
/// sessions -> sockets. The ids are kept once for all sockets that share them. Lives on its shard;
/// not thread-safe.
class user_registry {
public:
    using member_id = socketio::member_id;

    user_registry() = default;
    user_registry(const user_registry&) = delete;
    user_registry& operator=(const user_registry&) = delete;

    /// True: the session is the first of its name and user here.
    bool enter(member_id m, std::string_view user, std::string_view session);
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
        return found == users_.end() ? std::string_view() : seats_[*found].who->user();
    }

private:
    static constexpr member_id nobody = ~member_id{0};
    /// A socket's place in the list of its user's sockets: nothing of its own to allocate.
    struct seat {
        chat::login_ref who;
        member_id before = nobody;
        member_id behind = nobody;
    };
    struct hashed {
        std::uint64_t value;
    };
    /// Of a user's id, or of the socket of one.
    struct hash {
        using is_transparent = void;
        const std::vector<seat>* seats;
        std::size_t operator()(std::string_view user) const {
            return std::hash<std::string_view>{}(user);
        }
        std::size_t operator()(hashed user) const { return user.value; }
        std::size_t operator()(member_id m) const { return (*this)((*seats)[m].who->user()); }
    };
    struct equal {
        using is_transparent = void;
        const std::vector<seat>* seats;
        bool operator()(member_id a, member_id b) const { return a == b; }
        bool operator()(std::string_view user, member_id m) const {
            return user == (*seats)[m].who->user();
        }
        bool operator()(member_id m, std::string_view user) const { return (*this)(user, m); }
        bool operator()(hashed user, member_id m) const {
            return user.value == hash{seats}((*seats)[m].who->user());
        }
        bool operator()(member_id m, hashed user) const { return (*this)(user, m); }
    };

    std::vector<seat> seats_;  ///< by member id
    /// The first socket of each user.
    boost::unordered_flat_set<member_id, hash, equal> users_{0, hash{&seats_}, equal{&seats_}};
};

}  // namespace chat_gateway::gateway
