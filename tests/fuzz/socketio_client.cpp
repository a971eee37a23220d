// A client's messages, one a line: t text, b binary; a, r and l: the server accepts, refuses, ends
// the namespace that the line names. Goes through the decoder alone, and through the namespaces.
#include "fuzz/fuzz.hpp"
#include "json_check.hpp"

#include <chat_gateway/socketio/client.hpp>

#include <algorithm>
#include <variant>

using namespace chat_gateway;
using namespace chat_gateway::socketio;

namespace {

bool is_array(std::string_view json) {
    const auto shape = check_json(json, 0);
    return shape && shape->root == json_kind::array;
}

/// What has been decoded means the same when it is encoded and decoded again.
void check_packet(const packet& p) {
    if (p.type == packet_type::event || p.type == packet_type::binary_event) {
        FUZZ_CHECK(is_array(split_event(p.data).args));
    }
    FUZZ_CHECK(p.attachments.size() <= 10);
    // From 10^21 on JavaScript prints an id that it would not read, and so does its encoder.
    if (p.id.find('e') != std::string::npos) return;
    decoder other;
    packet again;
    auto status = other.on_text(encode(p), again);
    for (const auto& a : p.attachments) {
        FUZZ_CHECK(status == decoder::status::incomplete);
        status = other.on_binary(a, again);
    }
    FUZZ_CHECK(status == decoder::status::complete);
    FUZZ_CHECK(again == p);
}

class checker {
public:
    explicit checker(const client& c) : client_(c) {}

    void operator()(const std::vector<client_action>& actions) {
        FUZZ_CHECK(!failed_ || actions.empty());
        for (const auto& a : actions) {
            FUZZ_CHECK(!failed_);
            std::visit(*this, a);
        }
        FUZZ_CHECK(client_.joined_namespaces().size() <= client::max_namespaces);
    }
    void operator()(const connect_request& a) {
        FUZZ_CHECK(!client_.joined(a.nsp) && a.nsp.starts_with('/'));
        FUZZ_CHECK(a.auth.empty() || check_json(a.auth, 0));
    }
    void operator()(const client_event& a) { FUZZ_CHECK(is_array(a.args)); }
    void operator()(const client_ack& a) { FUZZ_CHECK(!a.id.empty() && is_array(a.args)); }
    void operator()(const client_left& a) { FUZZ_CHECK(!client_.joined(a.nsp)); }
    void operator()(const protocol_error& a) {
        FUZZ_CHECK(!a.what.empty());
        failed_ = true;
    }

private:
    const client& client_;
    bool failed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input in(data, size);
    decoder d;
    client c;
    checker check(c);
    while (!in.empty()) {
        const auto line = in.line();
        const auto what = line.substr(0, 1);
        const auto argument = line.substr(what.size());
        packet p;
        auto status = decoder::status::incomplete;
        if (what == "t") {
            status = d.on_text(argument, p);
            check(c.on_text(argument));
        } else if (what == "b") {
            status = d.on_binary(argument, p);
            check(c.on_binary(argument));
        } else if (what == "a") {
            check(c.accept(argument));
        } else if (what == "r") {
            c.refuse(argument);
        } else if (what == "l") {
            c.leave(argument);
        }
        if (status == decoder::status::complete) check_packet(p);
    }
    return 0;
}
