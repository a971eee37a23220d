#include "engine_world.hpp"

#include <chat_gateway/websocket/deflate.hpp>

#include <gtest/gtest.h>

#include <zlib.h>

namespace chat_gateway::tests {
namespace {

const header_list offer = {
    {"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}};
const std::string agreed =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
constexpr unsigned compressed_text = 0xc1;
constexpr unsigned plain_text = 0x81;

std::string long_text(char c = 'x', std::size_t size = 5000) {
    return std::string(size, c);
}

std::string inflated(const std::string& payload) {
    std::string out;
    const auto code = websocket::inflate_message(payload, 10'000'000, out);
    if (code != websocket::close_code::none) throw std::runtime_error("not DEFLATE");
    return out;
}

/// gzip or zlib, by the header.
std::string decoded(const raw_response& r) {
    if (r.get("Content-Encoding").empty()) return r.body;
    z_stream z{};
    const int form = r.get("Content-Encoding") == "gzip" ? MAX_WBITS + 16 : MAX_WBITS;
    if (inflateInit2(&z, form) != Z_OK) throw std::runtime_error("no zlib");
    std::string out(10'000'000, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(r.body.data()));
    z.avail_in = static_cast<uInt>(r.body.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int result = inflate(&z, Z_FINISH);
    out.resize(z.total_out);
    inflateEnd(&z);
    if (result != Z_STREAM_END) throw std::runtime_error("not " + r.get("Content-Encoding"));
    return out;
}

std::string compressed_frame(std::string_view message, unsigned opcode = 1) {
    return client_frame{.payload = std::string(websocket::deflate_message(message)),
                        .opcode = opcode,
                        .reserved = 4}
        .bytes();
}

raw_response upgrade_session(raw_client& ws, const std::string& sid, const header_list& headers) {
    return ws.upgrade(websocket_path + ("&sid=" + sid), headers);
}

raw_response get_with(const engine_world& world, const polling_client& client,
                      const std::string& accept, header_list headers = {}) {
    if (!accept.empty()) headers.emplace_back("Accept-Encoding", accept);
    return raw_client(world.port()).request("GET", client.target(), {}, headers);
}

TEST(WebSocketCompression, IsNotAgreedUponWhenOff) {
    engine_world world;
    for (const char* any : {"permessage-deflate", ";;garbage"}) {
        raw_client ws(world.port());
        const auto answer = ws.upgrade(websocket_path, {{"Sec-WebSocket-Extensions", any}});
        EXPECT_EQ(answer.status, 101U);
        EXPECT_EQ(answer.get("Sec-WebSocket-Extensions"), "");
        (void)ws.frame();
        ws.send(compressed_frame("4hello"));
        EXPECT_EQ(ws.frame(), close_of(1002));
    }
}

TEST(WebSocketCompression, ACompressedClientEndToEnd) {
    engine_world world({.compression = true});
    raw_client ws(world.port());
    EXPECT_EQ(ws.upgrade(websocket_path, offer).get("Sec-WebSocket-Extensions"), agreed);
    const auto sid = sid_of(ws.frame().payload);
    ws.send(compressed_frame("4" + long_text()));
    const auto [first, payload] = ws.any_frame();
    EXPECT_EQ(first, compressed_text);
    EXPECT_LT(payload.size(), 100U);
    EXPECT_EQ(inflated(payload), "4" + long_text());
    ws.send(compressed_frame("4small"));  // comes back plain: it is below the threshold
    EXPECT_EQ(ws.frame(), text_of("4small"));
    ws.text("4plain");
    EXPECT_EQ(ws.frame(), text_of("4plain"));
    ws.send(compressed_frame(long_text('b'), 2));
    const auto [op, binary] = ws.any_frame();
    EXPECT_EQ(op, 0xc2U);
    EXPECT_EQ(inflated(binary), long_text('b'));
    ws.send(control_frame(9, "p"));
    EXPECT_EQ(ws.frame(), (server_frame{10, "p"}));
}

TEST(WebSocketCompression, AClientThatOffersNothingGetsPlainFrames) {
    engine_world world({.compression = true});
    websocket_client client(world.port());
    client.wire.text("4" + long_text());
    EXPECT_EQ(client.wire.frame(), text_of("4" + long_text()));
    client.wire.send(compressed_frame("4x"));
    EXPECT_EQ(client.wire.frame(), close_of(1002));
}

TEST(WebSocketCompression, ASmallWindowIsAgreedUponAndSentPlainFrames) {
    engine_world world({.compression = true});
    raw_client ws(world.port());
    const auto answer =
        ws.upgrade(websocket_path,
                   {{"Sec-WebSocket-Extensions", "foo"},
                    {"Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=10"}});
    EXPECT_EQ(answer.get("Sec-WebSocket-Extensions"), agreed + "; server_max_window_bits=10");
    (void)ws.frame();
    ws.send(compressed_frame("4" + long_text()));
    EXPECT_EQ(ws.frame(), text_of("4" + long_text()));
}

TEST(WebSocketCompression, OffersThatCannotBeHadAreDeclined) {
    engine_world world({.compression = true});
    raw_client ws(world.port());
    const auto answer = ws.upgrade(
        websocket_path, {{"Sec-WebSocket-Extensions", "permessage-deflate; unknown, other"}});
    EXPECT_EQ(answer.status, 101U);
    EXPECT_EQ(answer.get("Sec-WebSocket-Extensions"), "");
}

TEST(WebSocketCompression, AMalformedOfferIsRefused) {
    engine_world world({.compression = true});
    const header_list malformed = {{"Sec-WebSocket-Extensions", "permessage-deflate; =1"}};
    const auto answer = raw_client(world.port()).upgrade(websocket_path, malformed);
    EXPECT_EQ(answer.status, 400U);
    EXPECT_EQ(answer.body, "Invalid or unacceptable Sec-WebSocket-Extensions header");
    const polling_client client(world.port());
    raw_client ws(world.port());
    EXPECT_EQ(upgrade_session(ws, client.sid, malformed).status, 400U);
    EXPECT_EQ(client.post("4still here").body, "ok");
}

TEST(WebSocketCompression, ABombEndsTheSession) {
    engine_world world({.max_payload = 10000, .compression = true});
    raw_client ws(world.port());
    (void)ws.upgrade(websocket_path, offer);
    const auto sid = sid_of(ws.frame().payload);
    ws.send(compressed_frame(long_text('x', 1'000'000)));
    EXPECT_EQ(ws.frame(), close_of(1009));
    EXPECT_TRUE(world.seen().wait_for(sid + " close transport_error"));
}

TEST(WebSocketCompression, GarbageEndsTheSession) {
    engine_world world({.compression = true});
    raw_client ws(world.port());
    (void)ws.upgrade(websocket_path, offer);
    (void)ws.frame();
    ws.send(client_frame{.payload = "\xff\xff", .reserved = 4}.bytes());
    EXPECT_EQ(ws.frame(), close_of(1007));
}

TEST(WebSocketCompression, AllRecipientsGetTheBytesOfOneMessage) {
    engine_world world({.compression = true});
    std::vector<raw_client> packed;
    std::vector<websocket_client> plain;
    std::vector<std::string> sids;
    for (int n = 0; n < 3; ++n) {
        auto& ws = packed.emplace_back(world.port());
        (void)ws.upgrade(websocket_path, offer);
        sids.push_back(sid_of(ws.frame().payload));
        sids.push_back(plain.emplace_back(world.port()).sid);
    }
    const polling_client poller(world.port());
    sids.push_back(poller.sid);
    auto get = poller.begin_get();
    auto message = server::wire_bytes::message(long_text());
    message.compress();
    world.on_each([&](server::engine& e, echo_application& a) {
        const server::wire_ref shared(message);
        for (const auto& sid : sids)
            e.send(a.by_sid.at(sid), shared);
    });
    for (auto& ws : packed)
        EXPECT_EQ(ws.take(message.frame(true).size()), message.frame(true));
    for (auto& ws : plain)
        EXPECT_EQ(ws.wire.take(message.frame().size()), message.frame());
    EXPECT_EQ(get.response().body, message.packet());
}

TEST(WebSocketCompression, AnUpgradeTakesWhatWasQueued) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    raw_client ws(world.port());
    EXPECT_EQ(upgrade_session(ws, client.sid, offer).get("Sec-WebSocket-Extensions"), agreed);
    ws.send(compressed_frame("2probe"));
    EXPECT_EQ(ws.frame(), text_of("3probe"));
    world.tell(client.sid, long_text('a'));
    world.tell(client.sid, "b");
    world.tell(client.sid, long_text('c'));
    ws.send(compressed_frame("5"));
    ASSERT_TRUE(world.seen().wait_for(client.sid + " upgrade"));
    world.tell(client.sid, long_text('d'));
    for (const char c : {'a', 'b', 'c', 'd'}) {
        const auto [first, payload] = ws.any_frame();
        EXPECT_EQ(first, c == 'b' ? plain_text : compressed_text);
        EXPECT_EQ(c == 'b' ? payload : inflated(payload), "4" + (c == 'b' ? "b" : long_text(c)));
    }
}

TEST(WebSocketCompression, IsAgreedUponOnAnyLoop) {
    engine_world world({.loops = 4, .compression = true});
    for (int n = 0; n < 16; ++n) {
        const polling_client client(world.port());
        raw_client ws(world.port());
        EXPECT_EQ(upgrade_session(ws, client.sid, offer).get("Sec-WebSocket-Extensions"), agreed);
        ws.text("2probe");
        EXPECT_EQ(ws.frame(), text_of("3probe"));
        ws.text("5");
        ws.send(compressed_frame("4" + long_text()));
        const auto [first, payload] = ws.any_frame();
        EXPECT_EQ(first, compressed_text);
        EXPECT_EQ(inflated(payload), "4" + long_text());
    }
}

TEST(WebSocketCompression, ASlowReaderGetsEveryFrameWhole) {
    engine_world world({.compression = true, .send_queue_bytes = 64 * 1024 * 1024});
    raw_client ws(world.port(), 4096);
    (void)ws.upgrade(websocket_path, offer);
    const auto sid = sid_of(ws.frame().payload);
    std::vector<std::string> texts;
    for (int n = 0; n < 200; ++n) {
        std::string t;
        for (int i = 0; t.size() < 20000; ++i)
            t += std::to_string(i * (n + 7919));
        texts.push_back(n % 3 == 0 ? "short " + std::to_string(n) : t);
    }
    world.with_session(sid, [&](server::engine& e, slot_handle h) {
        for (const auto& t : texts) {
            auto message = server::wire_bytes::message(t);
            message.compress();
            e.send(h, server::wire_ref(std::move(message)));
        }
    });
    for (const auto& t : texts) {
        const auto [first, payload] = ws.any_frame();
        ASSERT_EQ(first == compressed_text ? inflated(payload) : payload, "4" + t);
    }
}

TEST(WebSocketCompression, WhatIsOwedAtTheEndIsSentInTheAgreedForm) {
    engine_world world({.compression = true});
    raw_client ws(world.port());
    (void)ws.upgrade(websocket_path, offer);
    const auto sid = sid_of(ws.frame().payload);
    world.with_session(sid, [](server::engine& e, slot_handle h) {
        auto last = server::wire_bytes::message(long_text());
        last.compress();
        e.send(h, server::wire_ref(std::move(last)));
        e.close(h, engineio::close_reason::server_close);
    });
    const auto [first, payload] = ws.any_frame();
    EXPECT_EQ(first, compressed_text);
    EXPECT_EQ(inflated(payload), "4" + long_text());
    EXPECT_EQ(ws.frame(), empty_close());
}

TEST(PollingCompression, FollowsTheClientsPreference) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    for (const auto& [accept, coding] : header_list{{"gzip, deflate", "gzip"},
                                                    {"deflate, gzip", "deflate"},
                                                    {"gzip;q=0.1, deflate;q=0.2", "deflate"},
                                                    {"*", "gzip"},
                                                    {"br", ""},
                                                    {"gzip;q=0", ""},
                                                    {"", ""}}) {
        world.tell(client.sid, long_text());
        const auto r = get_with(world, client, accept);
        EXPECT_EQ(r.status, 200U);
        EXPECT_EQ(r.get("Content-Encoding"), coding) << accept;
        EXPECT_EQ(r.get("Vary"), "Accept-Encoding") << accept;
        EXPECT_EQ(r.get("Content-Type"), "text/plain; charset=UTF-8");
        EXPECT_EQ(r.get("cache-control"), "no-store");
        EXPECT_EQ(decoded(r), "4" + long_text()) << accept;
    }
}

TEST(PollingCompression, BeginsAt1024Bytes) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    world.tell(client.sid, long_text('x', 1022));  // 1023 with the packet's type
    const auto small = get_with(world, client, "gzip");
    EXPECT_EQ(small.get("Content-Encoding"), "");
    EXPECT_EQ(small.get("Vary"), "");
    EXPECT_EQ(small.body, "4" + long_text('x', 1022));
    world.tell(client.sid, long_text('x', 1023));
    const auto large = get_with(world, client, "gzip");
    EXPECT_EQ(large.get("Content-Encoding"), "gzip");
    EXPECT_EQ(decoded(large), "4" + long_text('x', 1023));
}

TEST(PollingCompression, CountsTheBodyNotItsPackets) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    std::string expected;
    for (int n = 0; n < 20; ++n) {
        world.tell(client.sid, long_text('x', 100));
        expected += (n == 0 ? "4"
                            : "\x1e"
                              "4") +
                    long_text('x', 100);
    }
    const auto r = get_with(world, client, "gzip");
    EXPECT_EQ(r.get("Content-Encoding"), "gzip");
    EXPECT_EQ(decoded(r), expected);
}

TEST(PollingCompression, AHeldGetIsCompressedToo) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    raw_client get(world.port());
    get.send_request("GET", client.target(), {}, {{"Accept-Encoding", "deflate"}});
    world.tell(client.sid, long_text());
    const auto r = get.response();
    EXPECT_EQ(r.get("Content-Encoding"), "deflate");
    EXPECT_EQ(decoded(r), "4" + long_text());
}

TEST(PollingCompression, IsOffByDefault) {
    engine_world world;
    const polling_client client(world.port());
    world.tell(client.sid, long_text());
    const auto r = get_with(world, client, "gzip");
    EXPECT_EQ(r.get("Content-Encoding"), "");
    EXPECT_EQ(r.get("Vary"), "");
    EXPECT_EQ(r.body, "4" + long_text());
}

TEST(PollingCompression, ThePostsAnswerIsPlain) {
    engine_world world({.compression = true});
    const polling_client client(world.port());
    const auto r = raw_client(world.port())
                       .request("POST", client.target(), "4" + long_text(),
                                {{"Accept-Encoding", "gzip"}, {"Content-Type", "text/plain"}});
    EXPECT_EQ(r.body, "ok");
    EXPECT_EQ(r.get("Content-Encoding"), "");
    EXPECT_EQ(r.get("Vary"), "");
}

TEST(PollingCompression, SharesOneVaryWithCors) {
    const http::cors_policy cors({"https://shop.example"});
    engine_world world({.compression = true, .cors = &cors});
    const polling_client client(world.port());
    for (const char* accept : {"gzip", "br"}) {
        world.tell(client.sid, long_text());
        const auto r = get_with(world, client, accept, {{"Origin", "https://shop.example"}});
        EXPECT_EQ(r.get("Access-Control-Allow-Origin"), "https://shop.example");
        std::vector<std::string> vary;
        for (const auto& [name, value] : r.headers) {
            if (iequals(name, "Vary")) vary.push_back(value);
        }
        EXPECT_EQ(vary, std::vector<std::string>{"Origin, Accept-Encoding"}) << accept;
    }
    world.tell(client.sid, "small");
    EXPECT_EQ(get_with(world, client, "gzip").get("Vary"), "Origin");
}

TEST(PollingCompression, AnsweredFromAnyLoop) {
    engine_world world({.loops = 4, .compression = true});
    for (int n = 0; n < 16; ++n) {
        const polling_client client(world.port());
        raw_client get(world.port());
        get.send_request("GET", client.target(), {}, {{"Accept-Encoding", "gzip, deflate"}});
        world.tell(client.sid, long_text());
        const auto r = get.response();
        EXPECT_EQ(r.get("Content-Encoding"), "gzip");
        EXPECT_EQ(decoded(r), "4" + long_text());
        auto post = client.post("4" + long_text('y'));
        EXPECT_EQ(post.body, "ok");
        EXPECT_EQ(decoded(get_with(world, client, "deflate")), "4" + long_text('y'));
    }
}

}  // namespace
}  // namespace chat_gateway::tests
