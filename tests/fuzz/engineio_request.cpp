// The query string of a request to the Engine.IO path.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/base/query.hpp>
#include <chat_gateway/engineio/request.hpp>

using namespace chat_gateway;
using namespace chat_gateway::engineio;

namespace {

void check_accepted(const engine_request& r, const request_form& form) {
    FUZZ_CHECK(r.via == transport::polling ? form.allow_polling : form.allow_websocket);
    FUZZ_CHECK(r.via == transport::polling || form.upgrade || !r.sid.empty());
    FUZZ_CHECK(r.jsonp.value_or("").find_first_not_of("0123456789") == std::string::npos);
    FUZZ_CHECK(r.jsonp.has_value() == query_value(form.query, "j").has_value());
    FUZZ_CHECK(r.sid == query_value(form.query, "sid").value_or(""));
    if (r.sid.empty()) FUZZ_CHECK(form.method == "GET" && query_value(form.query, "EIO") == "4");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const unsigned flags = in.byte();
    const request_form form{.method = (flags & 1) != 0 ? "POST" : "GET",
                            .query = in.rest(),
                            .upgrade = (flags & 2) != 0,
                            .allow_polling = (flags & 4) == 0,
                            .allow_websocket = (flags & 8) == 0};
    const auto judged = parse_request(form);
    if (const auto* r = std::get_if<engine_request>(&judged)) {
        check_accepted(*r, form);
    } else {
        const auto e = std::get<request_error>(judged);
        FUZZ_CHECK(!message_of(e).empty() && error_body(e).ends_with("\"}"));
    }
    return 0;
}
