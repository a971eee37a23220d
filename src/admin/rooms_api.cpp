// GET /v1/rooms: where the messages go.
#include "answers.hpp"
#include "figures.hpp"
#include "gateway_questions.hpp"
#include "parameters.hpp"

#include <chat_gateway/admin/admin_routes.hpp>

#include <utility>

namespace chat_gateway::admin {
namespace {

using room_list = std::vector<gateway::named_room>;

room_list merged_answers(const std::vector<json>& answers, std::size_t most) {
    std::vector<room_list> parts;
    for (const json& a : answers) {
        if (auto rooms = rooms_of(a)) parts.push_back(std::move(*rooms));
    }
    return merged(parts, most);
}

}  // namespace

void admin_routes::get_rooms(http::request r, exchange_ptr e) {
    const auto limit = limit_of(r.query);
    if (!limit) return e->respond(failure(400, limit_fault));
    const auto scope = scope_of(r.query);
    if (!scope) return e->respond(failure(400, scope_fault));
    if (*scope == admin::scope::cluster) return get_rooms_of_cluster(*limit, std::move(e));
    services_.busiest_rooms(*limit, [e = std::move(e)](const room_list& rooms) {
        e->respond(json_answer(200, {{"scope", "gateway"}, {"rooms", to_json(rooms)}}));
    });
}

/// First for names, each gateway's busiest; then for what goes on in the busiest of these, for a
/// room need not be among the busiest of every gateway that has it.
void admin_routes::get_rooms_of_cluster(std::size_t limit, exchange_ptr e) {
    questions_->ask(
        gateway_questions::rooms_question(limit),
        [this, limit, e = std::move(e)](result<gateway_questions::outcome> named) mutable {
            if (!named) return e->respond(cannot_ask(named.error()));
            std::vector<std::string> names;
            for (const auto& room : merged_answers(named->answers, limit))
                names.push_back(room.name);
            questions_->ask(
                gateway_questions::figures_question(names),
                [limit, e = std::move(e)](const result<gateway_questions::outcome>& got) {
                    if (!got) return e->respond(cannot_ask(got.error()));
                    const auto rooms = merged_answers(got->answers, limit);
                    e->respond(cluster_answer(got->who, {{"rooms", to_json(rooms)}}));
                });
        });
}

}  // namespace chat_gateway::admin
