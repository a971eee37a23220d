#include "gateway_questions.hpp"

#include "parameters.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace chat_gateway::admin {
namespace {

using gateway::metric;
using socketio::cluster::answers;
using socketio::cluster::request;
using socketio::cluster::request_kind;
using socketio::cluster::response;
using socketio::cluster::response_kind;

constexpr std::string_view prefix = "chat-gateway:";
/// Of the socket that is none.
constexpr std::string_view answer_id = "chat-gateway";
/// Users that a gateway tells the others by name; those with the most over all are among them
/// unless they are spread thin over many gateways.
constexpr std::size_t most_users_told = 200;

std::string text_of(const json& j) {
    return j.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The answers of the gateways; what is no JSON comes of nobody that is one.
std::vector<json> answers_in(const answers& got) {
    std::vector<json> all;
    for (const response& r : got.responses) {
        for (const auto& socket : r.fetched) {
            if (socket.id != answer_id) continue;
            json data = json::parse(socket.data, nullptr, false);
            if (const auto found = data.find("answer"); found != data.end())
                all.push_back(std::move(*found));
        }
    }
    return all;
}

}  // namespace

std::string gateway_questions::figures_question(const std::vector<std::string>& rooms) {
    return "figures:" + text_of(json(rooms));
}

bool gateway_questions::take(const request& r, unique_function<void(response)>& answer) {
    if (r.kind != request_kind::fetch_sockets || r.to.rooms.size() != 1) return false;
    const std::string& room = r.to.rooms.front();
    if (!room.starts_with(prefix)) return false;
    const auto tell = std::make_shared<unique_function<void(response)>>(std::move(answer));
    response out{.kind = response_kind::fetched, .id = r.id};
    const bool known = take(std::string_view(room).substr(prefix.size()), [tell, out](json j) {
        response full = out;
        full.fetched.push_back(
            {.id = std::string(answer_id), .data = text_of({{"answer", std::move(j)}})});
        (*tell)(std::move(full));
    });
    // A question of a later version: nothing is known here.
    if (!known) (*tell)(std::move(out));
    return true;
}

bool gateway_questions::take(std::string_view question, answer_json answer) {
    const auto colon = question.find(':');
    const auto what = question.substr(0, colon);
    const auto of = colon == question.npos ? std::string_view() : question.substr(colon + 1);
    if (what == "overview") {
        answer(glance_.of_this_gateway());
        return true;
    }
    if (what == "stats") {
        stats(most_users_told,
              [answer = std::move(answer)](const totals& t) mutable { answer(to_json(t)); });
        return true;
    }
    const auto tell_rooms = [&answer] {
        return [answer = std::move(answer)](const std::vector<gateway::named_room>& rooms) mutable {
            answer(to_json(rooms));
        };
    };
    if (what == "rooms") {
        std::size_t most = 0;
        std::from_chars(of.data(), of.data() + of.size(), most);
        services_.busiest_rooms(std::min(most, most_limit), tell_rooms());
        return true;
    }
    if (what == "figures") {
        std::vector<std::string> names;
        const json list = json::parse(of, nullptr, false);
        if (!list.is_array()) return false;
        for (const json& name : list) {
            if (name.is_string() && names.size() < most_limit) names.push_back(name);
        }
        services_.figures_of(std::move(names), tell_rooms());
        return true;
    }
    if (what == "user") {
        services_.sockets_of_user(
            std::string(of),
            [answer = std::move(answer)](const std::vector<gateway::user_socket>& sockets) mutable {
                answer(to_json(sockets));
            });
        return true;
    }
    return false;
}

void gateway_questions::ask(const std::string& question,
                            unique_function<void(result<outcome>)> done) {
    request r{.kind = request_kind::fetch_sockets};
    r.to.rooms = {std::string(prefix) + question};
    services_.cluster().ask(std::move(r), [done = std::move(done)](result<answers> got) mutable {
        if (!got) return done(got.error());
        const std::size_t answered = got->responses.size();
        done(outcome{.who = {.asked = answered + got->missing, .answered = answered},
                     .answers = answers_in(*got)});
    });
}

void gateway_questions::stats(std::size_t most_users, unique_function<void(totals)> done) {
    services_.stats(
        most_users, [this, most_users, done = std::move(done)](gateway::gateway_stats s) mutable {
            totals t;
            t.connections = s.all.connections;
            t.websockets = s.all.websockets;
            t.open_seconds = static_cast<std::uint64_t>(s.all.open.count());
            t.longest_seconds = static_cast<std::uint64_t>(s.all.longest.count());
            t.refused = figures_.sum(metric::refused_sessions_open);
            t.sockets = figures_.sum(metric::sockets_connected);
            t.memberships = figures_.sum(metric::rooms_joined);
            t.rooms = services_.hub().room_count();
            t.users = s.users;
            t.connections_per_user.assign(s.most_connected.begin(), s.most_connected.end());
            keep_busiest(t.connections_per_user, most_users);
            done(std::move(t));
        });
}

}  // namespace chat_gateway::admin
