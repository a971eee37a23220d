// GET /v1/stats, GET and DELETE /v1/users/{id}: who is on this gateway, or on all of them.
#include "answers.hpp"
#include "figures.hpp"
#include "gateway_questions.hpp"
#include "parameters.hpp"

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/base/text.hpp>

#include <utility>

namespace chat_gateway::admin {
namespace {

using socketio::cluster::request_kind;
using outcome = gateway_questions::outcome;

constexpr std::size_t most_users_listed = 20;

/// What stands for {id} in the path; nullopt: nothing that could be a user's id.
std::optional<std::string> user_of(const http::request& r) {
    const std::string_view path = r.path;
    auto id = percent_decode(path.substr(path.rfind('/') + 1));
    if (!id || id->empty() || !is_valid_utf8(*id)) return std::nullopt;
    return id;
}

json joined_lists(const outcome& got) {
    json all = json::array();
    for (const json& list : got.answers) {
        if (list.is_array()) all.insert(all.end(), list.begin(), list.end());
    }
    return all;
}

json stats_json(totals t) {
    keep_busiest(t.connections_per_user, most_users_listed);
    return to_json(t);
}

}  // namespace

struct admin_routes::found_sockets {
    gateway_questions::nodes who;
    std::size_t count = 0;
};

void admin_routes::get_user(http::request r, exchange_ptr e) {
    auto user = user_of(r);
    if (!user) return e->respond(failure(400, "not a user id"));
    const auto scope = scope_of(r.query);
    if (!scope) return e->respond(failure(400, scope_fault));
    if (*scope == admin::scope::gateway) {
        return services_.sockets_of_user(
            *user, [e = std::move(e), id = *user](const std::vector<gateway::user_socket>& found) {
                e->respond(json_answer(
                    200, {{"scope", "gateway"}, {"user", id}, {"sockets", to_json(found)}}));
            });
    }
    questions_->ask(gateway_questions::user_question(*user), [e = std::move(e), id = *user](
                                                                 const result<outcome>& got) {
        if (!got) return e->respond(cannot_ask(got.error()));
        e->respond(cluster_answer(got->who, {{"user", id}, {"sockets", joined_lists(*got)}}));
    });
}

void admin_routes::delete_user(http::request r, exchange_ptr e) {
    auto user = user_of(r);
    if (!user) return e->respond(failure(400, "not a user id"));
    const auto scope = scope_of(r.query);
    if (!scope) return e->respond(failure(400, scope_fault));
    if (*scope == admin::scope::gateway) {
        return services_.disconnect_user(*user, [e = std::move(e), id = *user](std::size_t count) {
            e->respond(
                json_answer(200, {{"scope", "gateway"}, {"user", id}, {"disconnected", count}}));
        });
    }
    // Nobody answers a disconnect: whom it concerns is asked first.
    questions_->ask(gateway_questions::user_question(*user), [this, e = std::move(e), id = *user](
                                                                 result<outcome> got) mutable {
        if (!got) return e->respond(cannot_ask(got.error()));
        disconnect_everywhere(id, {got->who, joined_lists(*got).size()}, std::move(e));
    });
}

void admin_routes::disconnect_everywhere(const std::string& user, found_sockets found,
                                         exchange_ptr e) {
    socketio::cluster::request r{.kind = request_kind::disconnect, .close = true};
    r.to.rooms = {"user:" + user};
    services_.cluster().tell(std::move(r), [user, found, e = std::move(e)](result<> sent) {
        if (!sent) return e->respond(cannot_ask(sent.error()));
        e->respond(cluster_answer(found.who, {{"user", user}, {"disconnected", found.count}}));
    });
}

void admin_routes::get_stats(http::request r, exchange_ptr e) {
    const auto scope = scope_of(r.query);
    if (!scope) return e->respond(failure(400, scope_fault));
    if (*scope == admin::scope::gateway) {
        return questions_->stats(most_users_listed, [e = std::move(e)](totals t) {
            json body = stats_json(std::move(t));
            body["scope"] = "gateway";
            e->respond(json_answer(200, body));
        });
    }
    questions_->ask(gateway_questions::stats_question(),
                    [e = std::move(e)](const result<outcome>& got) {
                        if (!got) return e->respond(cannot_ask(got.error()));
                        std::vector<totals> parts;
                        for (const json& a : got->answers) {
                            if (auto t = totals_of(a)) parts.push_back(std::move(*t));
                        }
                        e->respond(cluster_answer(got->who, stats_json(sum_of(parts))));
                    });
}

}  // namespace chat_gateway::admin
