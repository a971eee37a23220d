#pragma once

#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/net/http_server.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::admin {

class gateway_questions;
class overview;
struct part_state;

/// The private listener: health, metrics and the back end's door. Lives on the services loop, as
/// does what it asks.
class admin_routes final : public net::http_handler {
public:
    static constexpr std::size_t max_body_bytes = 4 * 1024 * 1024;

    struct options {
        std::string token;  ///< empty: /v1/* is open to whoever reaches the listener
        std::string socketio_path = "/ws";  ///< of the public listener, for /openapi.json
        /// Host names under which a browser gets the operator's page, besides addresses and
        /// localhost; lower case.
        std::vector<std::string> names{};
        std::string name{};  ///< of this gateway, for its operators
    };
    /// Answers other gateways' questions from services.start() on.
    admin_routes(options o, gateway::services& services, const gateway::metrics& figures);
    ~admin_routes() override;

    void on_request(http::request r, std::shared_ptr<net::local_exchange> e) override;
    http::response on_unusable_body(const http::request& r, unsigned status) override;
    /// A path, in which `{id}` stands for one segment, and a method that it has. HEAD goes with
    /// GET.
    struct endpoint {
        std::string_view path;
        std::string_view method;
    };
    /// All of them, for whoever holds the documents against the code.
    [[nodiscard]] static std::vector<endpoint> endpoints();
    /// From now on /readyz says 503.
    void begin_drain();

private:
    using exchange_ptr = std::shared_ptr<net::local_exchange>;
    struct route;
    static const route table[];

    void healthz(http::request r, exchange_ptr e);
    void readyz(http::request r, exchange_ptr e);
    void prometheus(http::request r, exchange_ptr e);
    void openapi(http::request r, exchange_ptr e);
    void post_messages(http::request r, exchange_ptr e);
    void get_page(http::request r, exchange_ptr e);      // page_api.cpp
    void get_overview(http::request r, exchange_ptr e);  // overview_api.cpp
    // rooms_api.cpp
    void get_rooms(http::request r, exchange_ptr e);
    void get_rooms_of_cluster(std::size_t limit, exchange_ptr e);
    // users_api.cpp
    void get_stats(http::request r, exchange_ptr e);
    void get_user(http::request r, exchange_ptr e);
    void delete_user(http::request r, exchange_ptr e);
    struct found_sockets;
    void disconnect_everywhere(const std::string& user, found_sockets found, exchange_ptr e);
    void note_readiness(const std::vector<part_state>& parts);
    [[nodiscard]] bool authorized(const http::request& r) const;

    options options_;
    std::string description_;  ///< of GET /openapi.json
    gateway::services& services_;
    const gateway::metrics& figures_;
    std::unique_ptr<overview> overview_;
    std::unique_ptr<gateway_questions> questions_;
    bool draining_ = false;
    std::string failing_;  ///< what was not ready when it was asked last
};

}  // namespace chat_gateway::admin
