#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/socketio/cluster/message.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::chat {

/// What outlives a gateway, for Connection State Recovery on any gateway of a cluster: sessions by
/// their private id, and the messages of the last while by their position on the bus. Called, and
/// calls back, on the services loop; never from inside the call. Errors: unavailable, timeout,
/// overloaded, closed; what was asked may have been done all the same.
class recovery_store {
public:
    using milliseconds = std::chrono::milliseconds;
    using done_handler = unique_function<void(result<>)>;
    using value_handler = unique_function<void(result<std::optional<std::string>>)>;

    /// So many characters at the start of a session's value say who wrote it.
    static constexpr std::size_t owner_size = 32;
    enum class condition : std::uint8_t {
        none,
        is_owned,         ///< one of the same owner is there
        is_absent,        ///< none is there
        is_not_anothers,  ///< none is there, or one of the same owner
    };

    /// One place in the messages.
    struct past {
        std::uint64_t position = 0;
        std::optional<socketio::cluster::message> what{};  ///< none: something else was said there
        bool after_loss = false;  ///< messages that were sent before it may not be there any more
    };

    virtual ~recovery_store() = default;

    /// Puts a session for `ttl`, if the condition holds. true: it was put.
    virtual void put(const std::string& pid, const std::string& value, condition c,
                     milliseconds ttl, unique_function<void(result<bool>)> done) = 0;
    virtual void look(const std::string& pid, value_handler handler) = 0;
    /// Gives it to one caller, and it is gone.
    virtual void take(const std::string& pid, value_handler handler) = 0;
    /// Removes it if it is that owner's.
    virtual void drop(const std::string& pid, const std::string& owner, done_handler done) = 0;
    /// Sessions of that user that began at `position` or before are not to be given back to
    /// anybody. An earlier position than one that was given before changes nothing but the time.
    virtual void cut(const std::string& user, std::uint64_t position, milliseconds ttl,
                     done_handler done) = 0;
    /// 0: none.
    virtual void cut_of(const std::string& user,
                        unique_function<void(result<std::uint64_t>)> handler) = 0;

    /// What is kept of the positions `from` to `to`, both included: the oldest `most` of it, oldest
    /// first.
    virtual void read(std::uint64_t from, std::uint64_t to, std::size_t most,
                      unique_function<void(result<std::vector<past>>)> handler) = 0;
};

}  // namespace chat_gateway::chat
