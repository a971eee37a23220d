#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <string>
#include <vector>

namespace chat_gateway::chat {

struct user_chat {
    std::string user_id;
    std::string chat_id;
    auto operator<=>(const user_chat&) const = default;
};

/// What the back end's database says of users and chats. Called, and calls back, on the services
/// loop; never from inside the call. Errors: unavailable, timeout, overloaded. An id that the
/// database cannot even parse names nobody: it is a "no", never an error, and does not spoil the
/// answer for other ids of the call.
class chat_directory {
public:
    virtual ~chat_directory() = default;
    virtual void chats_of_users(std::vector<std::string> users,
                                unique_function<void(result<std::vector<user_chat>>)> handler) = 0;
    /// Move the answer or pass it on as const: a result<bool> that is copied from a non-const
    /// variable by a constructor call or into a lambda's capture becomes `true`, because Boost
    /// takes it for something to convert to bool.
    virtual void can_view_chat(std::string user, std::string chat,
                               unique_function<void(result<bool>)> handler) = 0;
    /// Whether the name is none that a chat could have: then nobody needs a right to a room of that
    /// name. false says nothing: it may be a chat's.
    virtual void is_no_chat(std::string name, unique_function<void(result<bool>)> handler) = 0;
    /// Those of `users` who may connect.
    virtual void active_users(std::vector<std::string> users,
                              unique_function<void(result<std::vector<std::string>>)> handler) = 0;
    /// False: everybody is active, and active_users() need not be asked.
    virtual bool restricts_users() const = 0;
    virtual void ping(unique_function<void(result<>)> handler) = 0;
};

}  // namespace chat_gateway::chat
