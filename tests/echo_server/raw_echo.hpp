#pragma once

#include <chat_gateway/server/engine.hpp>

#include <memory>
#include <string_view>

namespace chat_gateway::echo {

/// The application at /engine.io: every message comes back as it was sent. Lives on its loop.
class raw_echo final : public server::engine_events {
public:
    raw_echo(net::event_loop& loop, const server::engine_options& o)
        : compression_(o.compression), engine_(loop, o, *this) {}

    server::engine& engine() { return engine_; }

    void admit(const http::request&, unique_function<void(server::admission)> decide) override {
        decide(std::make_unique<server::admission_ticket>());
    }
    void on_open(slot_handle session, const public_id&, std::unique_ptr<server::admission_ticket>,
                 engineio::transport) override {
        engine_.connected(session);  // there are no namespaces to wait for
    }
    void on_message(slot_handle session, std::string_view data, bool binary) override {
        auto echo = binary ? server::wire_bytes::binary(data) : server::wire_bytes::message(data);
        if (compression_) echo.compress();
        engine_.send(session, server::wire_ref(std::move(echo)));
    }
    void on_upgrade(slot_handle) override {}
    void on_close(slot_handle, engineio::close_reason) override {}

private:
    bool compression_;
    server::engine engine_;
};

}  // namespace chat_gateway::echo
