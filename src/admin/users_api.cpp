// GET /v1/stats, GET and DELETE /v1/users/{id}: who is on this gateway.
#include "answers.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/base/text.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace chat_gateway::admin {
namespace {

constexpr std::size_t most_users_listed = 20;
constexpr std::string_view scope = "gateway";

/// What stands for {id} in the path; nullopt: nothing that could be a user's id.
std::optional<std::string> user_of(const http::request& r) {
    const std::string_view path = r.path;
    auto id = percent_decode(path.substr(path.rfind('/') + 1));
    if (!id || id->empty() || !is_valid_utf8(*id)) return std::nullopt;
    return id;
}

}  // namespace

void admin_routes::get_user(http::request r, exchange_ptr e) {
    auto user = user_of(r);
    if (!user) return e->respond(failure(400, "not a user id"));
    services_.sockets_of_user(
        *user, [e = std::move(e), id = *user](const std::vector<gateway::user_socket>& found) {
            json sockets = json::array();
            for (const auto& s : found) {
                sockets.push_back({{"id", s.id},
                                   {"transport", s.websocket ? "websocket" : "polling"},
                                   {"connected", s.connected},
                                   {"seconds", s.age.count()},
                                   {"rooms", s.rooms}});
            }
            e->respond(json_answer(200, {{"scope", scope}, {"user", id}, {"sockets", sockets}}));
        });
}

void admin_routes::delete_user(http::request r, exchange_ptr e) {
    auto user = user_of(r);
    if (!user) return e->respond(failure(400, "not a user id"));
    services_.disconnect_user(*user, [e = std::move(e), id = *user](std::size_t count) {
        e->respond(json_answer(200, {{"scope", scope}, {"user", id}, {"disconnected", count}}));
    });
}

void admin_routes::get_stats(http::request, exchange_ptr e) {
    services_.stats([this, e = std::move(e)](std::vector<gateway::shard_stats> of_shards) {
        std::unordered_map<std::string, std::size_t> by_user;
        gateway::shard_stats all;
        for (auto& s : of_shards) {
            for (auto& [user, connections] : s.users)
                by_user[std::move(user)] += connections;
            all.connections += s.connections;
            all.open += s.open;
            all.longest = std::max(all.longest, s.longest);
        }
        std::vector<std::pair<std::string, std::size_t>> busiest(by_user.begin(), by_user.end());
        const auto listed = busiest.begin() + static_cast<std::ptrdiff_t>(
                                                  std::min(most_users_listed, busiest.size()));
        std::partial_sort(busiest.begin(), listed, busiest.end(), [](const auto& a, const auto& b) {
            return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
        json users = json::array();
        for (auto at = busiest.begin(); at != listed; ++at)
            users.push_back({{"user", at->first}, {"connections", at->second}});
        const auto count = static_cast<double>(all.connections);
        const double mean =
            all.connections == 0 ? 0 : static_cast<double>(all.open.count()) / count;
        using gateway::metric;
        e->respond(
            json_answer(200, {{"scope", scope},
                              {"connections", all.connections},
                              {"websockets", figures_.sum(metric::websocket_sessions_open)},
                              {"sockets", figures_.sum(metric::sockets_connected)},
                              {"memberships", figures_.sum(metric::rooms_joined)},
                              {"rooms", services_.hub().room_count()},
                              {"users", by_user.size()},
                              {"connections_per_user", users},
                              {"seconds", {{"mean", mean}, {"longest", all.longest.count()}}}}));
    });
}

}  // namespace chat_gateway::admin
