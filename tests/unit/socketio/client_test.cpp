#include <chat_gateway/socketio/client.hpp>

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace chat_gateway::socketio {
namespace {

// Every Engine.IO session holds one.
static_assert(sizeof(client) <= 64);

using actions = std::vector<client_action>;

const actions nothing;
const std::string one_placeholder = R"([{"_placeholder":true,"num":0}])";

connect_request asks(std::string nsp, std::string auth = {}) {
    return {.nsp = std::move(nsp), .auth = std::move(auth)};
}
client_event event(std::string nsp, std::string name, std::string args = "[]") {
    return {.nsp = std::move(nsp), .name = std::move(name), .args = std::move(args)};
}

/// A client that is in these namespaces.
client joined_to(const std::vector<std::string>& namespaces) {
    client c;
    for (const auto& nsp : namespaces) {
        EXPECT_EQ(c.on_text("0" + nsp + ","), actions{asks(nsp)});
        EXPECT_EQ(c.accept(nsp), nothing);
    }
    return c;
}

/// The connection ends with this call, and nothing comes of a later one.
void expect_end(client& c, const actions& last) {
    ASSERT_EQ(last.size(), 1U);
    ASSERT_TRUE(std::holds_alternative<protocol_error>(last.front())) << last.front();
    EXPECT_FALSE(std::get<protocol_error>(last.front()).what.empty());
    EXPECT_EQ(c.on_text("0/after,"), nothing);
    EXPECT_EQ(c.on_binary("x"), nothing);
}

TEST(Client, ConnectsTalksAndLeaves) {
    client c;
    EXPECT_EQ(c.on_text("0{\"token\":\"t\"}"), actions{asks("/", "{\"token\":\"t\"}")});
    EXPECT_FALSE(c.joined("/"));
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_TRUE(c.joined("/"));
    EXPECT_EQ(c.on_text("2[\"hello\",1]"), actions{event("/", "hello", "[1]")});
    EXPECT_EQ(c.on_text("1"), actions{client_left{"/"}});
    EXPECT_FALSE(c.joined("/"));
    EXPECT_TRUE(c.joined_namespaces().empty());
}

TEST(Client, EventThatAsksForAnAck) {
    auto c = joined_to({"/"});
    auto expected = event("/", "hello", "[]");
    expected.id = "17";
    EXPECT_EQ(c.on_text("217[\"hello\"]"), actions{expected});
}

TEST(Client, EventWithAttachments) {
    auto c = joined_to({"/admin"});
    EXPECT_EQ(c.on_text(R"(52-/admin,1["up",{"_placeholder":true,"num":1}])"), nothing);
    EXPECT_EQ(c.on_binary("a"), nothing);
    EXPECT_EQ(c.on_binary("b"), (actions{client_event{.nsp = "/admin",
                                                      .name = "up",
                                                      .args = R"([{"_placeholder":true,"num":1}])",
                                                      .id = "1",
                                                      .attachments = {"a", "b"}}}));
}

TEST(Client, Acks) {
    auto c = joined_to({"/"});
    EXPECT_EQ(c.on_text("35[\"yes\"]"),
              (actions{client_ack{.nsp = "/", .id = "5", .args = "[\"yes\"]"}}));
    EXPECT_EQ(c.on_text("61-6" + one_placeholder), nothing);
    EXPECT_EQ(c.on_binary("x"),
              (actions{client_ack{
                  .nsp = "/", .id = "6", .args = one_placeholder, .attachments = {"x"}}}));
}

TEST(Client, AckWithoutIdIsDropped) {
    auto c = joined_to({"/"});
    EXPECT_EQ(c.on_text("3[\"yes\"]"), nothing);
    EXPECT_EQ(c.on_text("2[\"hello\"]"), actions{event("/", "hello")});
}

TEST(Client, MalformedPacketEnds) {
    auto c = joined_to({"/"});
    expect_end(c, c.on_text("2{}"));
}

TEST(Client, BinaryWithoutItsEventEnds) {
    auto c = joined_to({"/"});
    expect_end(c, c.on_binary("x"));
}

TEST(Client, ConnectErrorFromAClientEnds) {
    auto c = joined_to({"/"});
    expect_end(c, c.on_text("4{\"message\":\"no\"}"));
}

TEST(Client, PacketsForANamespaceNotAskedForEnd) {
    for (const auto* text : {"2[\"hello\"]", "31[]", "1", "2/other,[\"hello\"]"}) {
        auto c = joined_to({"/admin"});
        SCOPED_TRACE(text);
        expect_end(c, c.on_text(text));
    }
}

TEST(Client, SecondConnectEndsWhenJoined) {
    auto c = joined_to({"/"});
    expect_end(c, c.on_text("0"));
}

TEST(Client, SecondConnectEndsWhenPending) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    expect_end(c, c.on_text("0{}"));
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_FALSE(c.joined("/"));
}

TEST(Client, PacketsBehindConnectWaitForTheAnswerInOrder) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("2[\"one\"]"), nothing);
    EXPECT_EQ(c.on_text(R"(51-["two",{"_placeholder":true,"num":0}])"), nothing);
    EXPECT_EQ(c.on_binary("bytes"), nothing);
    EXPECT_EQ(c.on_text("34[\"three\"]"), nothing);
    EXPECT_EQ(
        c.accept("/"),
        (actions{event("/", "one"),
                 client_event{
                     .nsp = "/", .name = "two", .args = one_placeholder, .attachments = {"bytes"}},
                 client_ack{.nsp = "/", .id = "4", .args = "[\"three\"]"}}));
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_EQ(c.on_text("2[\"four\"]"), actions{event("/", "four")});
}

TEST(Client, AttachmentsMayComeAfterTheAnswer) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("51-[\"a\"]"), nothing);
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_EQ(c.on_binary("x"),
              (actions{client_event{.nsp = "/", .name = "a", .args = "[]", .attachments = {"x"}}}));
}

TEST(Client, DisconnectWaitsToo) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("2[\"one\"]"), nothing);
    EXPECT_EQ(c.on_text("1"), nothing);
    EXPECT_EQ(c.accept("/"), (actions{event("/", "one"), client_left{"/"}}));
    EXPECT_FALSE(c.joined("/"));
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
}

TEST(Client, WaitingPacketsBehindADisconnectEnd) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    for (const auto* text : {"1", "2[\"late\"]", "2[\"later\"]"})
        EXPECT_EQ(c.on_text(text), nothing);
    const auto got = c.accept("/");
    ASSERT_EQ(got.size(), 2U);
    EXPECT_EQ(got[0], client_action(client_left{"/"}));
    EXPECT_TRUE(std::holds_alternative<protocol_error>(got[1]));
    EXPECT_EQ(c.on_text("0"), nothing);
}

TEST(Client, WaitingPacketsAreCounted) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    for (std::size_t i = 0; i < client::max_waiting; ++i) {
        EXPECT_EQ(c.on_text("2[\"a\"]"), nothing);
    }
    expect_end(c, c.on_text("2[\"a\"]"));
}

TEST(Client, AsManyAsMayWaitAreDelivered) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    for (std::size_t i = 0; i < client::max_waiting; ++i) {
        EXPECT_EQ(c.on_text("2[\"a\"]"), nothing);
    }
    EXPECT_EQ(c.accept("/"), actions(client::max_waiting, event("/", "a")));
}

/// An event of which `/` (one byte) and its data have `bytes` bytes in all.
std::string event_of_size(std::size_t bytes) {
    return "2[\"" + std::string(bytes - 5, 'a') + "\"]";
}

TEST(Client, WaitingBytesAreCounted) {
    client full;
    EXPECT_EQ(full.on_text("0"), actions{asks("/")});
    EXPECT_EQ(full.on_text(event_of_size(client::max_waiting_bytes - 1000)), nothing);
    EXPECT_EQ(full.on_text(event_of_size(1000)), nothing);
    EXPECT_EQ(full.accept("/").size(), 2U);

    client over;
    EXPECT_EQ(over.on_text("0"), actions{asks("/")});
    EXPECT_EQ(over.on_text(event_of_size(client::max_waiting_bytes - 1000)), nothing);
    expect_end(over, over.on_text(event_of_size(1001)));
}

TEST(Client, WaitingAttachmentsAreCounted) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("51-[\"a\"]"), nothing);
    expect_end(c, c.on_binary(std::string(client::max_waiting_bytes, 'x')));
}

TEST(Client, EachConnectHasItsOwnWaitingRoom) {
    client c;
    for (const auto* nsp : {"/a", "/b"}) {
        EXPECT_EQ(c.on_text("0" + std::string(nsp) + ","), actions{asks(nsp)});
        for (std::size_t i = 0; i < client::max_waiting; ++i) {
            EXPECT_EQ(c.on_text("2" + std::string(nsp) + ",[\"a\"]"), nothing);
        }
    }
    EXPECT_EQ(c.accept("/b").size(), client::max_waiting);
    EXPECT_EQ(c.accept("/a").size(), client::max_waiting);
}

TEST(Client, RefusedNamespaceTakesNoPackets) {
    auto c = joined_to({"/admin"});
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("2[\"early\"]"), nothing);
    c.refuse("/");
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_FALSE(c.joined("/"));
    EXPECT_EQ(c.on_text("2/admin,[\"a\"]"), actions{event("/admin", "a")});
    expect_end(c, c.on_text("2[\"late\"]"));
}

TEST(Client, RefusedNamespaceMayBeAskedForAgain) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("2[\"old\"]"), nothing);
    c.refuse("/");
    EXPECT_EQ(c.on_text("0{\"t\":2}"), actions{asks("/", "{\"t\":2}")});
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_TRUE(c.joined("/"));
}

TEST(Client, AnswersToWhatNobodyAskedChangeNothing) {
    auto c = joined_to({"/"});
    c.refuse("/");
    c.refuse("/other");
    c.leave("/other");
    EXPECT_EQ(c.accept("/other"), nothing);
    EXPECT_EQ(c.joined_namespaces(), std::vector<std::string>{"/"});
    expect_end(c, c.on_text("2/other,[\"a\"]"));
}

TEST(Client, LatePacketsForANamespaceThatTheServerEndedAreDropped) {
    auto c = joined_to({"/", "/admin"});
    c.leave("/");
    EXPECT_FALSE(c.joined("/"));
    for (const auto* text : {"2[\"late\"]", "31[]", "51-[\"late\"]"}) {
        EXPECT_EQ(c.on_text(text), nothing) << text;
    }
    EXPECT_EQ(c.on_binary("x"), nothing);
    EXPECT_EQ(c.on_text("1"), nothing);
    EXPECT_EQ(c.on_text("2/admin,[\"a\"]"), actions{event("/admin", "a")});
}

TEST(Client, ServerMayEndANamespaceBeforeItAnswered) {
    client c;
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.on_text("2[\"early\"]"), nothing);
    c.leave("/");
    EXPECT_EQ(c.accept("/"), nothing);
    EXPECT_EQ(c.on_text("2[\"late\"]"), nothing);
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.accept("/"), nothing);
}

TEST(Client, ReconnectsAfterEitherSideLeft) {
    auto c = joined_to({"/"});
    EXPECT_EQ(c.on_text("1"), actions{client_left{"/"}});
    EXPECT_EQ(c.on_text("0{\"n\":1}"), actions{asks("/", "{\"n\":1}")});
    EXPECT_EQ(c.accept("/"), nothing);
    c.leave("/");
    EXPECT_EQ(c.on_text("0{\"n\":2}"), actions{asks("/", "{\"n\":2}")});
    EXPECT_EQ(c.on_text("2[\"early\"]"), nothing);
    EXPECT_EQ(c.accept("/"), actions{event("/", "early")});
}

TEST(Client, PacketsAfterTheClientLeftEnd) {
    auto c = joined_to({"/", "/admin"});
    EXPECT_EQ(c.on_text("1"), actions{client_left{"/"}});
    expect_end(c, c.on_text("2[\"late\"]"));
}

TEST(Client, NamespacesAreApart) {
    auto c = joined_to({"/", "/a", "/b"});
    EXPECT_EQ(c.joined_namespaces(), (std::vector<std::string>{"/", "/a", "/b"}));
    EXPECT_EQ(c.on_text("2/b,[\"x\"]"), actions{event("/b", "x")});
    EXPECT_EQ(c.on_text("1/a,"), actions{client_left{"/a"}});
    EXPECT_EQ(c.joined_namespaces(), (std::vector<std::string>{"/", "/b"}));
    EXPECT_EQ(c.on_text("2[\"y\"]"), actions{event("/", "y")});
}

TEST(Client, AQueryIsPartOfTheName) {
    client c;
    EXPECT_EQ(c.on_text("0/?a=b,"), actions{asks("/?a=b")});
    EXPECT_EQ(c.on_text("0"), actions{asks("/")});
    EXPECT_EQ(c.accept("/?a=b"), nothing);
    EXPECT_TRUE(c.joined("/?a=b"));
    EXPECT_FALSE(c.joined("/"));
}

std::string numbered(std::size_t n) {
    return "/n" + std::to_string(n);
}

TEST(Client, NamespacesAreLimited) {
    client c;
    for (std::size_t i = 0; i < client::max_namespaces; ++i) {
        EXPECT_EQ(c.on_text("0" + numbered(i)), actions{asks(numbered(i))});
        EXPECT_EQ(i % 2 == 0 ? c.accept(numbered(i)) : nothing, nothing);
    }
    expect_end(c, c.on_text("0/more"));
}

TEST(Client, LeftAndRefusedNamespacesDoNotCount) {
    client c;
    for (std::size_t i = 0; i < 3 * client::max_namespaces; ++i) {
        EXPECT_EQ(c.on_text("0" + numbered(i)), actions{asks(numbered(i))});
        if (i % 2 == 0) {
            c.refuse(numbered(i));
        } else {
            EXPECT_EQ(c.accept(numbered(i)), nothing);
            EXPECT_EQ(c.on_text("1" + numbered(i)), actions{client_left{numbered(i)}});
        }
    }
    EXPECT_TRUE(c.joined_namespaces().empty());
}

TEST(Client, EndedNamespacesMakeRoomForNewOnes) {
    client c;
    for (std::size_t i = 0; i < 3 * client::max_namespaces; ++i) {
        EXPECT_EQ(c.on_text("0" + numbered(i)), actions{asks(numbered(i))});
        c.leave(numbered(i));
        EXPECT_EQ(c.on_text("2" + numbered(i) + ",[\"late\"]"), nothing);
    }
    expect_end(c, c.on_text("2" + numbered(0) + ",[\"long gone\"]"));
}

TEST(Client, ActionsPrint) {
    const auto printed = [](const client_action& a) {
        std::ostringstream out;
        out << a;
        return out.str();
    };
    EXPECT_EQ(printed(asks("/", "{}")), "connect_request / {}");
    EXPECT_EQ(printed(client_event{
                  .nsp = "/", .name = "a", .args = "[1]", .id = "7", .attachments = {"x"}}),
              "client_event / a [1] id=7 attachments=1");
    EXPECT_EQ(printed(client_ack{.nsp = "/", .id = "7", .args = "[]"}), "client_ack / [] id=7");
    EXPECT_EQ(printed(client_left{"/a"}), "client_left /a");
    EXPECT_EQ(printed(protocol_error{"why"}), "protocol_error why");
}

}  // namespace
}  // namespace chat_gateway::socketio
