// A cookie's value and its signature: line 1 the session id, line 2 the secret, line 3 a value from
// a client; the first byte says which byte of a genuine value is changed.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/chat/session_cookie.hpp>

using namespace chat_gateway;
using namespace chat_gateway::chat;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto changed_at = in.byte();
    const std::string id(in.line());
    const std::string secret(in.line());
    const std::vector<std::string> secrets{"another", secret, ""};

    if (const auto found = verify_session_cookie(in.rest(), secrets)) {
        FUZZ_CHECK(!found->empty());
        FUZZ_CHECK(sign_session_cookie(*found, secret) == in.rest() ||
                   sign_session_cookie(*found, "another") == in.rest());
    }
    auto genuine = sign_session_cookie(id, secret);
    const bool valid = !id.empty() && !secret.empty();
    FUZZ_CHECK(verify_session_cookie(genuine, secrets) ==
               (valid ? std::optional(id) : std::nullopt));
    auto& byte = genuine[changed_at % genuine.size()];
    byte = static_cast<char>(byte ^ 1);
    FUZZ_CHECK(!verify_session_cookie(genuine, secrets));
    return 0;
}
