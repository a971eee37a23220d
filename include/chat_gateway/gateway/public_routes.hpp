#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/net/http_server.hpp>
#include <chat_gateway/server/engine.hpp>

#include <functional>
#include <memory>
#include <string>

namespace chat_gateway::gateway {

/// The public listener's requests on one loop: the Engine.IO path goes to the engine, the rest to
/// `other` or nowhere (404).
class public_routes final : public net::http_handler {
public:
    /// Returns false if the path is not its own.
    using other_routes =
        std::function<bool(const http::request&, const std::shared_ptr<net::local_exchange>&)>;

    public_routes(server::engine& engine, std::string path, other_routes other);

    void on_request(http::request r, std::shared_ptr<net::local_exchange> e) override;
    std::unique_ptr<net::body_watch> on_body_begins(
        const http::request& r, std::shared_ptr<net::unfinished_request> u) override;
    http::response on_unusable_body(const http::request& r, unsigned status) override;

private:
    [[nodiscard]] bool is_engine_path(std::string_view path) const;

    server::engine& engine_;
    std::string path_;  ///< without a slash at the end
    other_routes other_;
};

}  // namespace chat_gateway::gateway
