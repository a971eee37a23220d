// A gateway's side of the cluster without sockets, for tests: asks whatever a node can ask. One
// JSON object a line on standard input,
// `{"n":1,"call":"fetchSockets","rooms":[],"except":[]}`, one a line on standard output,
// `{"n":1,"result":..}` or `{"n":1,"error":".."}`. Ends with its input. Usage: cluster_member KIND
// REDIS_URL PREFIX
#include "stores.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <nlohmann/json.hpp>

#include <iostream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace chat_gateway {
namespace {

using nlohmann::json;
using socketio::cluster::answers;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using strings = std::vector<std::string>;

app::settings settings_of(const strings& arguments) {
    app::settings s;
    s.demo = true;
    s.session.store = "memory";
    s.bus.kind = arguments.at(1);
    s.redis.url = arguments.at(2);
    s.bus.prefix = arguments.at(3);
    return s;
}

class member {
public:
    explicit member(const app::settings& s)
        : stores_(s, loop_),
          services_(loop_, *stores_.sessions, *stores_.directory, *stores_.bus, stores_.names, {},
                    {.window = std::chrono::milliseconds(0)}, metrics_) {
        services_.start();
    }
    void run() {
        std::thread reader([this] {
            std::string line;
            while (std::getline(std::cin, line))
                loop_.post([this, line] { on_line(line); });
            loop_.post([this] { loop_.stop(); });
        });
        loop_.run();
        reader.join();
        loop_.discard();
    }

private:
    using said = std::shared_ptr<json>;

    void on_line(const std::string& line) {
        const auto asked = std::make_shared<json>(json::parse(line));
        const std::string call = asked->at("call");
        request r;
        r.to.rooms = asked->value("rooms", strings());
        r.to.except = asked->value("except", strings());
        if (call == "ready") return when_ready(asked);
        if (call == "serverCount") return count(asked);
        if (call == "emit") return publish(asked, std::move(r.to));
        if (call == "fetchSockets") {
            r.kind = request_kind::fetch_sockets;
            return ask(asked, std::move(r), [](const answers& a) {
                json sockets = json::array();
                for (const auto& part : a.responses) {
                    for (const auto& s : part.fetched)
                        sockets.push_back({{"id", s.id},
                                           {"rooms", s.rooms},
                                           {"handshake", json::parse(s.handshake)},
                                           {"data", json::parse(s.data)}});
                }
                return sockets;
            });
        }
        if (call == "allRooms") {
            r.kind = request_kind::all_rooms;
            return ask(asked, std::move(r), [](const answers& a) {
                json names = json::array();
                for (const auto& part : a.responses) {
                    for (const auto& name : part.names)
                        names.push_back(name);
                }
                return names;
            });
        }
        if (call == "emitWithAck") {
            r.kind = request_kind::broadcast;
            r.packet = "2" + asked->at("event").dump();
            r.timeout = std::chrono::milliseconds(asked->at("timeout"));
            return ask(asked, std::move(r), values);
        }
        if (call == "serverSideEmit") {
            r.kind = request_kind::server_side_emit;
            r.data = asked->at("event").dump();
            if (asked->value("ack", false)) return ask(asked, std::move(r), values);
            return tell(asked, std::move(r));
        }
        r.rooms = asked->value("names", strings());
        r.close = asked->value("close", false);
        if (call == "socketsJoin") r.kind = request_kind::join;
        if (call == "socketsLeave") r.kind = request_kind::leave;
        if (call == "disconnectSockets") r.kind = request_kind::disconnect;
        tell(asked, std::move(r));
    }

    static json values(const answers& a) {
        json all = json::array();
        for (const auto& part : a.responses)
            all.push_back(part.data.empty() ? json() : json::parse(part.data));
        return all;
    }

    void ask(const said& asked, request r, json (*show)(const answers&)) {
        const auto kind = r.kind;
        services_.cluster().ask(std::move(r), [asked, show, kind](result<answers> a) {
            if (!a) return fail(asked, a.error().message());
            if (!a->complete(kind)) return fail(asked, "timeout");
            answer(asked, show(*a));
        });
    }
    void tell(const said& asked, request r) {
        services_.cluster().tell(std::move(r), [asked](result<> done) {
            if (!done) return fail(asked, done.error().message());
            answer(asked, nullptr);
        });
    }
    void count(const said& asked) {
        services_.cluster().count_nodes([asked](result<std::size_t> nodes) {
            if (!nodes) return fail(asked, nodes.error().message());
            answer(asked, *nodes);
        });
    }
    void publish(const said& asked, socketio::cluster::selection to) {
        socketio::cluster::message m;
        m.packet = "2" + asked->at("event").dump();
        m.rooms = std::move(to.rooms);
        m.except = std::move(to.except);
        services_.hub().publish({std::move(m)}, [asked](result<> done) {
            if (!done) return fail(asked, done.error().message());
            answer(asked, nullptr);
        });
    }
    /// The others can count this node from now on.
    void when_ready(const said& asked) {
        services_.bus().subscribe({}, [asked](result<>) { answer(asked, nullptr); });
    }

    static void answer(const said& asked, json result) {
        std::cout << json{{"n", asked->at("n")}, {"result", std::move(result)}}.dump() << std::endl;
    }
    static void fail(const said& asked, const std::string& why) {
        std::cout << json{{"n", asked->at("n")}, {"error", why}}.dump() << std::endl;
    }

    gateway::metrics metrics_;
    net::event_loop loop_;
    app::stores stores_;
    gateway::services services_;
};

}  // namespace
}  // namespace chat_gateway

int main(int argc, char** argv) {
    using namespace chat_gateway;
    if (argc != 4) {
        std::cerr << "usage: cluster_member KIND REDIS_URL PREFIX\n";
        return 1;
    }
    member(settings_of({argv, argv + argc})).run();
    return 0;
}
