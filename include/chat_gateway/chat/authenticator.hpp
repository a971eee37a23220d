#pragma once

#include <chat_gateway/base/batcher.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat_gateway::chat {

struct identity {
    std::string user_id;
    std::string session_id;
    bool operator==(const identity&) const = default;
};
/// Why a handshake is refused: for log and metrics, never for the client.
enum class refusal : std::uint8_t { no_cookie, bad_signature, no_session, bad_record, not_logged_in, inactive_user };
std::string_view to_string(refusal r);
struct unavailable {
    std::string_view what;  ///< `session store` or `database`
    boost::system::error_code error;
    bool operator==(const unavailable&) const = default;
};
using verdict = std::variant<identity, refusal, unavailable>;

/// A handshake's steps: cookie, signature, session record, user id, active user. Lives on the services loop.
class authenticator {
public:
    struct options {
        std::string cookie_name;
        std::vector<std::string> secrets;
        std::string user_pointer;
    };
    authenticator(options o, session_store& sessions, chat_directory& directory);

    /// `cookie_header`: as the client sent it. The handler runs once, possibly from inside the call.
    void authenticate(std::string_view cookie_header, unique_function<void(verdict)> handler);

private:
    options options_;
    session_store& sessions_;
    chat_directory& directory_;
    batcher<std::string, bool> active_;
};

}  // namespace chat_gateway::chat
