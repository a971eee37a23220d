#pragma once

#include <chat_gateway/app/settings.hpp>
#include <chat_gateway/gateway/services.hpp>
#include <chat_gateway/http/message.hpp>
#include <chat_gateway/memory/memory.hpp>
#include <chat_gateway/net/http_server.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::app {

/// What stands in for a back end with --demo: a page, a few users and chats, log-in and sending.
/// Its data live on the services loop, beside the memory stores that it fills.
class demo {
public:
    demo(const settings& s, memory::session_store& sessions, memory::chat_directory& directory);

    /// A public listener's request, on the loop `home`; false if the path is not the demo's.
    bool serve(net::event_loop& home, gateway::services& services, const http::request& r,
               const std::shared_ptr<net::local_exchange>& e);

private:
    struct user {
        std::string id;
        std::string name;
    };
    struct chat_room {
        std::string id;
        std::string name;
        std::vector<std::string> members;  ///< user ids
    };

    void answer(gateway::services& services, const http::request& r,
                unique_function<void(http::response)> respond);
    [[nodiscard]] http::response users() const;
    [[nodiscard]] http::response login(const http::request& r);
    [[nodiscard]] http::response chats(const user& who) const;
    void send(gateway::services& services, const user& who, const http::request& r,
              unique_function<void(http::response)> respond);
    [[nodiscard]] const user* logged_in(const http::request& r) const;
    [[nodiscard]] const user* find_user(std::string_view id) const;

    const std::string cookie_;
    const std::vector<std::string> secrets_;
    memory::session_store& sessions_;
    std::vector<user> users_;
    std::vector<chat_room> chats_;
    std::map<std::string, std::string> sessions_of_users_;  ///< session id -> user id
    std::uint64_t next_message_ = 1;
};

}  // namespace chat_gateway::app
