// What the streams adapter keeps in Redis. A digit tells what follows: 0 an entry (lines of its
// uid, nsp and type, then data), 1 a published message, 2 a session.
#include "fuzz/fuzz.hpp"

#include <chat_gateway/socketio/cluster/streams_codec.hpp>

#include <utility>

using namespace chat_gateway;
using namespace chat_gateway::socketio::cluster;

namespace {

node_message entry_of(const streams::entry& e) {
    auto n = streams::decode_entry(std::vector<std::string_view>(e.begin(), e.end()));
    FUZZ_CHECK(n.has_value());
    return std::move(*n);
}

template <class T>
void check_entry(const std::string& uid, const T& what) {
    const auto encoded = streams::encode_entry(uid, what);
    if (what.attachments.empty()) {
        FUZZ_CHECK(encoded && entry_of(*encoded) == (node_message{uid, what}));
    } else if (encoded) {
        // Data that looks like a placeholder is taken for one; from then on it is one.
        const auto again = entry_of(*encoded);
        const auto encoded_again = streams::encode_entry(uid, std::get<T>(again.what));
        FUZZ_CHECK(encoded_again && entry_of(*encoded_again) == again);
    }
}

void run_entry(fuzz::input& in) {
    const auto uid = in.line();
    const auto nsp = in.line();
    const auto type = in.line();
    const std::vector<std::string_view> fields{"uid",  uid,  "nsp",  nsp,
                                               "type", type, "data", in.rest()};
    const auto n = streams::decode_entry(fields);
    if (!n) return;
    FUZZ_CHECK(n->uid == uid && !std::holds_alternative<response>(n->what));
    if (const auto* m = std::get_if<message>(&n->what)) check_entry(n->uid, *m);
    const auto* r = std::get_if<request>(&n->what);
    if (r != nullptr && streams::is_stored(*r)) check_entry(n->uid, *r);
}

/// Numbers too large for a double, and text that is no UTF-8, are others once they are written.
template <class T>
void check_published(const std::string& uid, const T& what) {
    const auto encoded = streams::encode_published(uid, what);
    if (!encoded) return;
    const auto again = streams::decode_published(*encoded);
    FUZZ_CHECK(again && again->uid == uid && std::holds_alternative<T>(again->what));
    const auto encoded_again = streams::encode_published(uid, std::get<T>(again->what));
    FUZZ_CHECK(encoded_again && streams::decode_published(*encoded_again) == again);
}

void run_published(std::string_view bytes) {
    const auto n = streams::decode_published(bytes);
    if (!n) return;
    if (const auto* r = std::get_if<request>(&n->what)) check_published(n->uid, *r);
    if (const auto* r = std::get_if<response>(&n->what)) check_published(n->uid, *r);
}

void run_session(std::string_view value) {
    const auto s = streams::decode_session(value);
    if (!s) return;
    FUZZ_CHECK(!s->sid.empty() && !s->pid.empty() && s->data.starts_with('{'));
    const auto encoded = streams::encode_session(*s);
    if (!encoded) {
        FUZZ_CHECK(!s->attachments.empty());
        return;
    }
    const auto again = streams::decode_session(*encoded);
    FUZZ_CHECK(again && (!s->attachments.empty() || *again == *s));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    switch (in.byte()) {
        case '0':
            run_entry(in);
            break;
        case '1':
            run_published(in.rest());
            break;
        case '2':
            run_session(in.rest());
            break;
        default:
            break;
    }
    return 0;
}
