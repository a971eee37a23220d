#pragma once

#include "gateway_world.hpp"

#include <chat_gateway/base/ids.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace chat_gateway::tests {

/// What CONNECT was answered with, and what came ahead of it.
struct arrival {
    std::string sid;
    std::string pid;
    std::vector<std::string> ahead;
};

/// A page that knows about recovery.
class returning_page : public websocket_client {
public:
    returning_page(gateway_world& world, const header_list& session, const std::string& auth = {})
        : websocket_client(world.port(), 0, session) {
        wire.text("40" + auth);
    }
    arrival arrive() {
        arrival a;
        for (;;) {
            std::string text = wire.frame().payload;
            if (!text.starts_with("40")) {
                a.ahead.push_back(std::move(text));
                continue;
            }
            a.sid = member(text, "sid");
            a.pid = member(text, "pid");
            return a;
        }
    }
    /// The next event; its offset is kept.
    std::string event() {
        const std::string text = wire.frame().payload;
        const auto name = text.find('"') + 1;
        const auto begin = text.rfind(",\"") + 2;
        offset = text.substr(begin, text.size() - begin - 2);
        return text.substr(name, text.find('"', name) - name);
    }
    void ask(const std::string& event, const std::string& chat, const std::string& ack) {
        wire.text("42" + ack + "[\"" + event + R"(",{"chat_id":")" + chat + "\"}]");
        EXPECT_EQ(wire.frame(), text_of("43" + ack + "[]"));
    }

    std::string offset;

private:
    static std::string member(const std::string& json, const std::string& name) {
        const auto at = json.find("\"" + name + "\":\"");
        if (at == json.npos) throw std::runtime_error("no " + name + " in " + json);
        return json.substr(at + name.size() + 4, public_id::text_size);
    }
};

}  // namespace chat_gateway::tests
