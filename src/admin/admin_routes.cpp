#include "answers.hpp"
#include "gateway_questions.hpp"
#include "openapi.hpp"
#include "overview.hpp"
#include "readiness.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/server_message.hpp>
#include <chat_gateway/http/own_page.hpp>

#include <set>
#include <utility>

namespace chat_gateway::admin {
namespace {

/// `{id}` at the end stands for one segment, not empty.
bool matches(std::string_view route, std::string_view path) {
    constexpr std::string_view any = "{id}";
    if (!route.ends_with(any)) return route == path;
    route.remove_suffix(any.size());
    return path.starts_with(route) && path.size() > route.size() &&
           path.find('/', route.size()) == path.npos;
}

}  // namespace

struct admin_routes::route {
    std::string_view path;
    std::string_view method;
    void (admin_routes::*serve)(http::request, exchange_ptr);
};

constexpr admin_routes::route admin_routes::table[] = {
    {"/", "GET", &admin_routes::get_page},
    {"/healthz", "GET", &admin_routes::healthz},
    {"/readyz", "GET", &admin_routes::readyz},
    {"/metrics", "GET", &admin_routes::prometheus},
    {"/v1/messages", "POST", &admin_routes::post_messages},
    {"/v1/overview", "GET", &admin_routes::get_overview},
    {"/v1/stats", "GET", &admin_routes::get_stats},
    {"/v1/rooms", "GET", &admin_routes::get_rooms},
    {"/v1/users/{id}", "GET", &admin_routes::get_user},
    {"/v1/users/{id}", "DELETE", &admin_routes::delete_user},
    {"/openapi.json", "GET", &admin_routes::openapi},
};

std::vector<admin_routes::endpoint> admin_routes::endpoints() {
    std::vector<endpoint> all;
    for (const route& r : table)
        all.push_back({r.path, r.method});
    return all;
}

admin_routes::admin_routes(options o, gateway::services& services, const gateway::metrics& figures)
    : options_(std::move(o)),
      description_(openapi_document(options_.socketio_path)),
      services_(services),
      figures_(figures),
      overview_(std::make_unique<overview>(options_.name, services, figures)),
      questions_(std::make_unique<gateway_questions>(services, figures, *overview_)) {
    services_.set_questions(
        [this](const auto& r, auto& answer) { return questions_->take(r, answer); });
}

admin_routes::~admin_routes() = default;

void admin_routes::on_request(http::request r, exchange_ptr e) {
    if (r.path.starts_with("/v1/") && !authorized(r)) {
        return e->respond(failure(401, "bearer token required").set("WWW-Authenticate", "Bearer"));
    }
    // A web page must not make its visitor's browser publish: what browsers send has an Origin. The
    // operator's page may disconnect a user.
    if (r.method != "GET" && r.method != "HEAD" && r.has("Origin") &&
        !http::is_from_own_page(r, options_.names)) {
        return e->respond(failure(403, "not for web pages of other hosts: see admin.names"));
    }
    std::string allowed;
    for (const route& candidate : table) {
        if (!matches(candidate.path, r.path)) continue;
        const bool head = candidate.method == "GET" && r.method == "HEAD";
        if (candidate.method == r.method || head)
            return (this->*candidate.serve)(std::move(r), std::move(e));
        if (!allowed.empty()) allowed += ", ";
        allowed += candidate.method;
    }
    if (!allowed.empty())
        return e->respond(failure(405, "method not allowed").set("Allow", allowed));
    e->respond(failure(404, "not found"));
}

http::response admin_routes::on_unusable_body(const http::request& r, unsigned status) {
    if (status != 413) return http_handler::on_unusable_body(r, status);
    return failure(413, "body is larger than " + std::to_string(max_body_bytes) + " bytes");
}

bool admin_routes::authorized(const http::request& r) const {
    if (options_.token.empty()) return true;
    const std::string_view given = r.get("Authorization");
    constexpr std::string_view scheme = "Bearer ";
    return given.size() > scheme.size() && iequals(given.substr(0, scheme.size()), scheme) &&
           constant_time_equal(given.substr(scheme.size()), options_.token);
}

void admin_routes::begin_drain() {
    draining_ = true;
    overview_->set_draining();
}

void admin_routes::healthz(http::request, exchange_ptr e) {
    e->respond(json_answer(200, {{"status", "alive"}}));
}

void admin_routes::readyz(http::request, exchange_ptr e) {
    if (draining_) return e->respond(json_answer(503, {{"status", "draining"}}));
    check_readiness(services_, [this, e = std::move(e)](const std::vector<part_state>& parts) {
        note_readiness(parts);
        json checks = json::array();
        std::set<std::string_view> failing;
        for (const part_state& part : parts) {
            checks.push_back({{"part", part.name}, {"store", part.store}, {"ok", !part.error}});
            if (!part.error) continue;
            checks.back()["error"] = part.error.message();
            failing.insert(part.store);
        }
        if (failing.empty())
            return e->respond(json_answer(200, {{"status", "ready"}, {"checks", checks}}));
        e->respond(
            json_answer(503, {{"status", "not ready"}, {"failing", failing}, {"checks", checks}}));
    });
}

/// Told when it changes, however often it is asked.
void admin_routes::note_readiness(const std::vector<part_state>& parts) {
    std::string failing;
    for (const part_state& part : parts) {
        if (part.error) failing.append(part.name).append(": ").append(part.error.message() + "\n");
    }
    if (failing == failing_) return;
    failing_ = std::move(failing);
    if (failing_.empty()) return log::info("ready");
    for (const part_state& part : parts) {
        if (part.error) {
            log::warn(
                "not ready",
                {{"part", part.name}, {"store", part.store}, {"error", part.error.message()}});
        }
    }
}

void admin_routes::prometheus(http::request, exchange_ptr e) {
    http::response r;
    r.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    r.body = figures_.prometheus();
    e->respond(std::move(r));
}

void admin_routes::openapi(http::request, exchange_ptr e) {
    http::response r;
    // Not to be kept: after an upgrade it says something else.
    r.set("Content-Type", "application/json").set("Cache-Control", "no-store");
    r.body = description_;
    e->respond(std::move(r));
}

void admin_routes::post_messages(http::request r, exchange_ptr e) {
    auto parsed = chat::parse_server_messages(r.body);
    if (const auto* fault = std::get_if<std::string>(&parsed))
        return e->respond(failure(400, *fault));
    auto& messages = std::get<std::vector<socketio::cluster::message>>(parsed);
    const std::size_t count = messages.size();
    if (count == 0) return e->respond(json_answer(202, {{"accepted", 0}}));
    services_.hub().publish(std::move(messages), [e = std::move(e), count](result<> published) {
        if (published) return e->respond(json_answer(202, {{"accepted", count}}));
        log::warn("cannot publish", {{"error", published.error().message()}});
        e->respond(failure(503, "the bus is unavailable").set("Retry-After", "5"));
    });
}

}  // namespace chat_gateway::admin
