// A Cookie header: line 1 the name that is looked for, the rest the header.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/http/cookies.hpp>

#include <string>

using namespace chat_gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const auto name = in.line();
    const std::string header(in.rest());
    const auto found = http::cookie_value(header, name);
    if (found) FUZZ_CHECK(found->size() <= header.size());
    // Whatever stands before and behind it, a plain cookie is found, and the first one wins.
    FUZZ_CHECK(http::cookie_value("probe=1;" + header, "probe") == "1");
    const auto probe = http::cookie_value(header, "probe");
    FUZZ_CHECK(http::cookie_value(header + ";probe=1", "probe") == probe.value_or("1"));
    return 0;
}
