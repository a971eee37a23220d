// Line 1 Accept-Encoding, the rest a body.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/http/content_coding.hpp>

#include <string>
#include <zlib.h>

using namespace chat_gateway;
using namespace chat_gateway::http;

namespace {

/// Gzip and zlib format alike.
std::string decoded(const std::string& encoded, std::size_t size) {
    std::string out(size + 1, '\0');
    z_stream z{};
    FUZZ_CHECK(inflateInit2(&z, MAX_WBITS + 32) == Z_OK);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(encoded.data()));
    z.avail_in = static_cast<uInt>(encoded.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&z, Z_FINISH);
    inflateEnd(&z);
    FUZZ_CHECK(result == Z_STREAM_END && z.avail_in == 0);
    out.resize(out.size() - z.avail_out);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    const std::string accepted(in.line());
    const std::string body(in.rest());
    const auto coding = preferred_coding(accepted);
    // What cannot be understood, or is none of ours, changes nothing.
    FUZZ_CHECK(preferred_coding("br," + accepted) == coding);
    FUZZ_CHECK(preferred_coding(accepted + ",br;q=1.0,x;q=2") == coding);
    if (accepted.find('*') == accepted.npos && accepted.find(',') == accepted.npos)
        FUZZ_CHECK(preferred_coding(accepted + ",gzip;q=0,x-gzip;q=0,deflate;q=0") ==
                   preferred_coding(accepted));

    const auto encoded = encode(body, coding);
    FUZZ_CHECK((coding == content_coding::identity ? encoded : decoded(encoded, body.size())) ==
               body);
    response r;
    r.body = body;
    encode_content(r, coding);
    FUZZ_CHECK(r.body == encoded);
    FUZZ_CHECK(r.headers.size() == (coding == content_coding::identity ? 1 : 2));
    return 0;
}
