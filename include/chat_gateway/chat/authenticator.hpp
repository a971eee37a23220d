#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/chat_directory.hpp>
#include <chat_gateway/chat/ports/session_store.hpp>

#include <cstdint>
#include <memory>
#include <optional>
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
enum class refusal : std::uint8_t {
    no_cookie,
    bad_signature,
    no_session,
    bad_record,
    not_logged_in,
    inactive_user
};
/// The enumerator's name.
std::string_view to_string(refusal r);
struct refused {
    refusal why;
    std::string user_id{};  ///< whose session it is; empty where it has not come to that
    bool operator==(const refused&) const = default;
};
struct unavailable {
    std::string_view what;  ///< `session store` or `database`
    boost::system::error_code error;
    std::string user_id{};  ///< likewise
    bool operator==(const unavailable&) const = default;
};
using verdict = std::variant<identity, refused, unavailable>;

/// A handshake's steps: cookie, signature, session record, user id, active user. Lives on the
/// services loop; the ports outlive it.
class authenticator {
public:
    struct options {
        std::vector<std::string> secrets;
        std::string user_pointer;
    };
    using handler = unique_function<void(verdict)>;

    authenticator(options o, session_store& sessions, chat_directory& directory);
    /// Forgets the handshakes under way.
    ~authenticator();

    /// Those that verify from now on, newest first.
    void set_secrets(std::vector<std::string> secrets);

    /// `cookie_value`: of the session cookie, percent-decoded; nullopt if the client sent none. The
    /// handler runs once, possibly from inside the call.
    void authenticate(std::optional<std::string> cookie_value, handler h);

private:
    class impl;
    std::shared_ptr<impl> impl_;
};

}  // namespace chat_gateway::chat
