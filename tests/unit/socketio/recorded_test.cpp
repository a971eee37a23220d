// What socket.io-parser does, recorded by tests/data/socketio/generate.mjs, and where this decoder
// differs on purpose.
#include "support/recorded.hpp"

#include <chat_gateway/socketio/cluster/msgpack_json.hpp>
#include <chat_gateway/socketio/packet.hpp>

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace chat_gateway::socketio {
namespace {

using nlohmann::json;
using tests::from_hex;
using tests::recorded;

std::string member(const json& row, const char* name) {
    return row.at(name).get<std::string>();
}

packet packet_of(const json& row) {
    packet p{.type = static_cast<packet_type>(row.at("type").get<int>()),
             .nsp = member(row, "nsp"),
             .id = member(row, "id"),
             .data = member(row, "data")};
    for (const auto& hex : row.at("attachments"))
        p.attachments.push_back(from_hex(hex.get<std::string>()));
    return p;
}

json row_named(const json& rows, const std::string& name) {
    for (const auto& row : rows) {
        if (row.at("name") == name) return row;
    }
    throw std::runtime_error("not recorded: " + name);
}

TEST(SocketioRecorded, PacketsAreEncodedAsByNode) {
    for (const auto& row : recorded("socketio/encoded.json")) {
        EXPECT_EQ(encode(packet_of(row)), member(row, "text")) << member(row, "name");
    }
}

TEST(SocketioRecorded, EncodedPacketsAreDecodedToThemselves) {
    for (const auto& row : recorded("socketio/encoded.json")) {
        const auto sent = packet_of(row);
        decoder d;
        packet received;
        auto status = d.on_text(member(row, "text"), received);
        for (const auto& a : sent.attachments) {
            EXPECT_EQ(status, decoder::status::incomplete) << member(row, "name");
            status = d.on_binary(a, received);
        }
        EXPECT_EQ(status, decoder::status::complete) << member(row, "name");
        EXPECT_EQ(received, sent) << member(row, "name");
    }
}

/// The bus carries the same data as MessagePack; what is printed from that is Node's text again.
TEST(SocketioRecorded, JsonIsPrintedAsByNode) {
    for (const auto& row : recorded("socketio/encoded.json")) {
        const auto p = packet_of(row);
        if (p.data.empty()) continue;
        const auto msgpack = cluster::msgpack_of_json(p.data, p.attachments);
        ASSERT_TRUE(msgpack) << member(row, "name");
        std::string printed;
        std::vector<std::string> attachments;
        ASSERT_TRUE(cluster::append_json(*msgpack, printed, attachments)) << member(row, "name");
        EXPECT_EQ(printed, p.data) << member(row, "name");
        EXPECT_EQ(attachments, p.attachments) << member(row, "name");
    }
}

TEST(SocketioRecorded, AnswersAreNodes) {
    const auto rows = recorded("socketio/encoded.json");
    const auto text = [&](const char* name) { return member(row_named(rows, name), "text"); };
    constexpr std::string_view sid = "oSO0OpakMV_3jnilAAAA";
    EXPECT_EQ(connect_reply("/", sid), text("connect reply"));
    EXPECT_EQ(connect_reply("/admin", sid, "YHcX2sdAF1z452-HAAAW"), text("connect reply with pid"));
    EXPECT_EQ(connect_error("/", "Unauthorized"), text("connect error"));
    EXPECT_EQ(connect_error("/admin", "a \"b\"\n\x01\xc3\xa9"),
              text("connect error in a namespace"));
    EXPECT_EQ(disconnect_packet("/admin"), text("disconnect from a namespace"));
    EXPECT_EQ(ack_packet("/admin", "456", R"(["a",1,{"ok":true}])"), text("ack with arguments"));
}

/// Without white space, keys sorted and once, numbers in one spelling. What is no JSON to nlohmann
/// stays as it is.
std::string comparable(const std::string& data) {
    const auto value = json::parse(data, nullptr, false);
    if (value.is_discarded()) return data;
    const auto msgpack = cluster::msgpack_of_json(value.dump(), {});
    std::string printed;
    std::vector<std::string> attachments;
    return msgpack && cluster::append_json(*msgpack, printed, attachments) ? printed : data;
}

/// Node's outcome and ours in the same form: `accepted 2 / 12 ["a"]`, `rejected`, `incomplete`.
std::string outcome(int type, const std::string& nsp, const std::string& id,
                    const std::string& data) {
    return "accepted " + std::to_string(type) + ' ' + nsp + ' ' + id + ' ' + comparable(data);
}

std::string nodes_outcome(const json& node) {
    if (node.at("outcome") != "accepted") return member(node, "outcome");
    return outcome(node.at("type").get<int>(), member(node, "nsp"), member(node, "id"),
                   member(node, "data"));
}

std::string our_outcome(const json& messages) {
    decoder d;
    packet p;
    auto status = decoder::status::malformed;
    std::size_t attachments = 0;
    for (const auto& m : messages) {
        const bool binary = m.contains("hex");
        status =
            binary ? d.on_binary(from_hex(member(m, "hex")), p) : d.on_text(member(m, "text"), p);
        attachments += binary ? 1 : 0;
        if (status == decoder::status::malformed) return "rejected";
    }
    if (status == decoder::status::incomplete) return "incomplete";
    EXPECT_EQ(p.attachments.size(), attachments) << messages;
    return outcome(static_cast<int>(p.type), p.nsp, p.id, p.data);
}

/// Where we differ, and why. A row that no longer differs has to go.
const std::string rejected = "rejected";
const std::map<std::string, std::string> differences{
    // JavaScript reads "" and white space as the number 0: no text is a CONNECT, and white space in
    // front of the data an ack id of 0. No client means that.
    {"nothing", rejected},
    {"space", rejected},
    {"JSON with whitespace before it", R"(accepted 2 /  ["a"])"},
    {"JSON with a line feed before it", R"(accepted 2 /  ["a"])"},
    {"JSON with whitespace before it, in a namespace", R"(accepted 2 /a  ["a"])"},
    {"whitespace within the id", rejected},
    {"connect with whitespace behind it", rejected},
    {"only whitespace", rejected},
    // Nor is white space beyond JSON's own skipped by that.
    {"JSON with a byte order mark", rejected},
    {"JSON with a no-break space", rejected},
    // Node lets the data be absent where the protocol asks for an array, or an error.
    {"only a type", rejected},
    {"event with an id and no data", rejected},
    {"event with a namespace only", rejected},
    {"event with a namespace that is not closed", rejected},
    {"ack without data", rejected},
    {"connect error without data", rejected},
    {"attachments of nothing", rejected},
    // An id that is Infinity names no ack; a number past a double, which JavaScript makes Infinity
    // and prints as null, is not valid for strict readers.
    {"event with an id of 400 digits", rejected},
    {"JSON with a number past a double", rejected},
    // Strict readers do not take it.
    {"JSON with a lone surrogate", "accepted 2 /  [\"a\",\"\xEF\xBF\xBD\"]"},
    // Bounded.
    {"nesting of 257", rejected},
    // The count is digits, as the protocol has it, not whatever Number() reads.
    {"attachments 1.0", rejected},
    {"attachments 1e0", rejected},
    {"attachments 0x1", rejected},
    {"attachments +1", rejected},
    {"attachments with spaces", rejected},
    // The number of an attachment is an integer and written as one.
    {"placeholder 0.5", rejected},
    {"placeholder 0.0", rejected},
    {"placeholder -0", rejected},
    {"placeholder 1e0 of two", rejected},
    // Node does not look into a placeholder.
    {"placeholder within a placeholder", rejected},
};

TEST(SocketioRecorded, MessagesAreDecodedAsByNodeButForTheListedOnes) {
    std::set<std::string> found;
    for (const auto& row : recorded("socketio/decoded.json")) {
        const auto name = member(row, "name");
        const auto ours = our_outcome(row.at("messages"));
        const auto nodes = nodes_outcome(row.at("node"));
        const auto listed = differences.find(name);
        if (listed == differences.end()) {
            EXPECT_EQ(ours, nodes) << name;
        } else {
            EXPECT_EQ(ours, listed->second) << name;
            EXPECT_NE(ours, nodes) << name << ": differs no longer";
            found.insert(name);
        }
    }
    EXPECT_EQ(found.size(), differences.size()) << "a difference is listed that is not recorded";
}

}  // namespace
}  // namespace chat_gateway::socketio
