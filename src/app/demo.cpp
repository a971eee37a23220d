#include "demo.hpp"

#include "demo_page.hpp"

#include <chat_gateway/base/random.hpp>
#include <chat_gateway/base/text.hpp>
#include <chat_gateway/chat/server_message.hpp>
#include <chat_gateway/chat/session_cookie.hpp>
#include <chat_gateway/http/cookies.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <utility>

namespace chat_gateway::app {
namespace {

using nlohmann::json;

/// Sessions of the demo are few; a script that logs in for ever starts over.
constexpr std::size_t max_sessions = 10000;
constexpr std::size_t max_content = 1000;

http::response json_answer(unsigned status, const json& body) {
    http::response r;
    r.status = status;
    r.set("Content-Type", "application/json; charset=utf-8").set("Cache-Control", "no-store");
    r.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return r;
}

http::response failure(unsigned status, std::string_view what) {
    return json_answer(status, {{"error", what}});
}

/// The official browser client, from the npm package that the install script fetched.
http::response client_bundle() {
    std::ifstream file(demo_client_bundle, std::ios::binary);
    if (!file) return failure(404, "socket.io-client is not installed: run `make deps`");
    std::ostringstream text;
    text << file.rdbuf();
    http::response r;
    r.set("Content-Type", "text/javascript; charset=utf-8");
    r.body = std::move(text).str();
    return r;
}

http::response page() {
    http::response r;
    r.set("Content-Type", "text/html; charset=utf-8").set("Cache-Control", "no-cache");
    r.body = demo_page;
    return r;
}

/// What encodeURIComponent changes in a signed cookie value.
std::string escape_cookie(std::string_view value) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') ||
                           std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
        if (plain) {
            out += c;
        } else {
            out += '%';
            out += digits[static_cast<unsigned char>(c) >> 4];
            out += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    return out;
}

std::string field_of(const http::request& r, const char* name) {
    const json body = json::parse(r.body, nullptr, false);
    const auto found = body.is_object() ? body.find(name) : body.end();
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

demo::demo(const settings& s, memory::session_store& sessions, memory::chat_directory& directory)
    : cookie_(s.session.cookie),
      secrets_(s.session.secrets),
      sessions_(sessions),
      users_{
          {"u-ada", "Ada"}, {"u-grace", "Grace"}, {"u-linus", "Linus"}, {"u-margaret", "Margaret"}},
      chats_{{"c-lobby", "Lobby", {"u-ada", "u-grace", "u-linus", "u-margaret"}},
             {"c-order-1042", "Order #1042", {"u-ada", "u-grace"}},
             {"c-crew", "Ship crew", {"u-grace", "u-linus", "u-margaret"}}} {
    for (const auto& chat : chats_) {
        for (const auto& member : chat.members)
            directory.add_participant(member, chat.id);
    }
}

bool demo::serve(net::event_loop& home, gateway::services& services, const http::request& r,
                 const std::shared_ptr<net::local_exchange>& e) {
    const bool get = r.method == "GET" || r.method == "HEAD";
    if (r.path == "/" && get) return e->respond(page()), true;
    if (r.path == "/demo/socket.io.js" && get) return e->respond(client_bundle()), true;
    if (!r.path.starts_with("/demo/")) return false;
    services.loop().post([this, &home, &services, r, e]() mutable {
        answer(services, r, [&home, e = std::move(e)](http::response answered) mutable {
            home.post([e = std::move(e), answered = std::move(answered)]() mutable {
                e->respond(std::move(answered));
            });
        });
    });
    return true;
}

void demo::answer(gateway::services& services, const http::request& r,
                  unique_function<void(http::response)> respond) {
    if (r.path == "/demo/users" && r.method == "GET") return respond(users());
    if (r.path == "/demo/login" && r.method == "POST") return respond(login(r));
    const user* who = logged_in(r);
    if (!who) return respond(failure(401, "not logged in"));
    if (r.path == "/demo/chats" && r.method == "GET") return respond(chats(*who));
    if (r.path == "/demo/messages" && r.method == "POST")
        return send(services, *who, r, std::move(respond));
    respond(failure(404, "not found"));
}

http::response demo::users() const {
    json all = json::array();
    for (const auto& u : users_)
        all.push_back({{"id", u.id}, {"name", u.name}});
    return json_answer(200, all);
}

http::response demo::login(const http::request& r) {
    const user* who = find_user(field_of(r, "user"));
    if (!who) return failure(400, "user: must be the id of one of /demo/users");
    if (sessions_of_users_.size() >= max_sessions) {
        for (const auto& entry : sessions_of_users_)
            sessions_.erase(entry.first);
        sessions_of_users_.clear();
    }
    const std::string id = random_token(32);
    const json record = {
        {"cookie",
         {{"originalMaxAge", nullptr}, {"expires", nullptr}, {"httpOnly", true}, {"path", "/"}}},
        {"passport", {{"user", who->id}}}};
    sessions_.put(id, record.dump());
    sessions_of_users_[id] = who->id;
    http::response answered = json_answer(200, {{"user", {{"id", who->id}, {"name", who->name}}}});
    const std::string value = escape_cookie(chat::sign_session_cookie(id, secrets_.front()));
    answered.set("Set-Cookie", cookie_ + '=' + value + "; Path=/; HttpOnly; SameSite=Lax");
    return answered;
}

http::response demo::chats(const user& who) const {
    json all = json::array();
    for (const auto& chat : chats_) {
        if (std::find(chat.members.begin(), chat.members.end(), who.id) == chat.members.end())
            continue;
        json members = json::array();
        for (const auto& id : chat.members)
            members.push_back(find_user(id)->name);
        all.push_back({{"chat_id", chat.id}, {"name", chat.name}, {"members", members}});
    }
    return json_answer(200, all);
}

void demo::send(gateway::services& services, const user& who, const http::request& r,
                unique_function<void(http::response)> respond) {
    const std::string chat_id = field_of(r, "chat_id");
    const std::string content = field_of(r, "content");
    const auto chat = std::find_if(chats_.begin(), chats_.end(),
                                   [&](const chat_room& c) { return c.id == chat_id; });
    if (chat == chats_.end() ||
        std::find(chat->members.begin(), chat->members.end(), who.id) == chat->members.end()) {
        return respond(failure(403, "chat_id: must be one of your chats"));
    }
    if (content.empty() || content.size() > max_content) {
        return respond(
            failure(400, "content: must be 1 to " + std::to_string(max_content) + " bytes"));
    }
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const json message = {
        {"chat_id", chat_id},
        {"message_id", "m-" + std::to_string(next_message_++)},
        {"author", who.name},
        {"content", content},
        {"timestamp", std::chrono::duration_cast<std::chrono::milliseconds>(now).count()},
        {"type", "text"}};
    auto parsed =
        chat::parse_server_messages(message.dump(-1, ' ', false, json::error_handler_t::replace));
    if (const auto* fault = std::get_if<std::string>(&parsed)) return respond(failure(400, *fault));
    services.hub().publish(
        std::get<std::vector<socketio::cluster::message>>(std::move(parsed)),
        [message, respond = std::move(respond)](result<> published) mutable {
            respond(published ? json_answer(201, message) : failure(503, "cannot send now"));
        });
}

const demo::user* demo::logged_in(const http::request& r) const {
    const auto value = http::cookie_value(r.get("Cookie"), cookie_);
    const auto id = value ? chat::verify_session_cookie(*value, secrets_) : std::nullopt;
    const auto found = id ? sessions_of_users_.find(*id) : sessions_of_users_.end();
    return found == sessions_of_users_.end() ? nullptr : find_user(found->second);
}

const demo::user* demo::find_user(std::string_view id) const {
    const auto found =
        std::find_if(users_.begin(), users_.end(), [&](const user& u) { return u.id == id; });
    return found == users_.end() ? nullptr : &*found;
}

}  // namespace chat_gateway::app
