// GET /v1/overview: what the operator's page shows of this gateway, or of each of them.
#include "answers.hpp"
#include "gateway_questions.hpp"
#include "overview.hpp"
#include "parameters.hpp"

#include <chat_gateway/admin/admin_routes.hpp>

#include <utility>

namespace chat_gateway::admin {

void admin_routes::get_overview(http::request r, exchange_ptr e) {
    const auto scope = scope_of(r.query);
    if (!scope) return e->respond(failure(400, scope_fault));
    if (*scope == admin::scope::gateway) {
        json own = overview_->of_this_gateway();
        own["self"] = true;
        return e->respond(
            json_answer(200, {{"scope", "gateway"}, {"gateways", json::array({std::move(own)})}}));
    }
    questions_->ask(gateway_questions::overview_question(),
                    [this, e = std::move(e)](result<gateway_questions::outcome> got) {
                        if (!got) return e->respond(cannot_ask(got.error()));
                        json gateways = json::array();
                        for (json& one : got->answers) {
                            if (!is_overview(one)) continue;
                            one["self"] = one["name"] == overview_->name();
                            gateways.push_back(std::move(one));
                        }
                        e->respond(cluster_answer(got->who, {{"gateways", std::move(gateways)}}));
                    });
}

}  // namespace chat_gateway::admin
