// A session's JSON from the store: line 1 the pointer to the user, the rest the record.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/session_record.hpp>

using namespace chat_gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string pointer(in.line());
    const auto user = chat::user_of_record(in.rest(), pointer);
    if (!user) {
        FUZZ_CHECK(user.error() == errc::malformed);
    } else if (*user) {
        FUZZ_CHECK(!(*user)->empty() && is_valid_utf8(**user));
    }
    return 0;
}
