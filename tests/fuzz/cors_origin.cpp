// Line 1 an origin of the configuration, line 2 the Origin header, line 3 the Host header.
#include "fuzz/fuzz.hpp"
#include "origin.hpp"

#include <chat_gateway/http/cors.hpp>

#include <algorithm>
#include <stdexcept>

using namespace chat_gateway;
using namespace chat_gateway::http;

namespace {

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

void check_origin(std::string_view text) {
    const auto o = parse_origin(text);
    if (!o) return;
    FUZZ_CHECK(is_plain(o->scheme) && is_plain(o->place.host) && !o->place.host.empty());
    if (o->place.port == 0) return;
    const auto spelled = o->scheme + "://" + o->place.host + ":" + std::to_string(o->place.port);
    FUZZ_CHECK(parse_origin(spelled) == o);
}

void check_policy(const cors_policy& policy, const request& r) {
    const bool allowed = policy.allows(r);
    // It is repeated in an answer's head.
    if (allowed) FUZZ_CHECK(is_plain(r.get("Origin")) && parse_origin(r.get("Origin")));
    for (const auto& headers : {policy.preflight(r).headers, [&] {
                                    std::vector<header> list;
                                    policy.add_headers(r, list);
                                    return list;
                                }()}) {
        const auto named = std::count_if(headers.begin(), headers.end(), [](const header& h) {
            return h.name == "Access-Control-Allow-Origin";
        });
        FUZZ_CHECK(named == (allowed ? 1 : 0));
    }
    FUZZ_CHECK(policy.allows(request{}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string configured(in.line());
    request r;
    r.headers.push_back({"Origin", std::string(in.line())});
    r.headers.push_back({"Host", std::string(in.line())});
    check_origin(configured);
    check_origin(r.get("Origin"));
    check_policy(cors_policy({}), r);
    if (cors_policy::is_valid_origin(configured)) {
        check_policy(cors_policy({configured}), r);
        return 0;
    }
    bool refused = false;
    try {
        const cors_policy policy({configured});
    } catch (const std::invalid_argument&) {
        refused = true;
    }
    FUZZ_CHECK(refused);
    return 0;
}
