#pragma once

#include "figures.hpp"
#include "overview.hpp"

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace chat_gateway::admin {

/// What gateways ask each other for their operators: a fetchSockets for a room that only gateways
/// know, `chat-gateway:` and the question. Each answers with one socket that is none, whose data
/// are the answer. So Node servers answer as well, with no socket, as for any room that nobody is
/// in: nobody waits for them in vain, and nothing is sent that they do not know. Lives on the
/// services loop.
class gateway_questions {
public:
    gateway_questions(gateway::services& services, const gateway::metrics& figures,
                      const overview& glance)
        : services_(services), figures_(figures), glance_(glance) {}

    /// Another gateway's, or this one's own. False: it is none of these.
    bool take(const socketio::cluster::request& r,
              unique_function<void(socketio::cluster::response)>& answer);

    /// Who has answered: gateways and Node servers, this gateway included.
    struct nodes {
        std::size_t asked = 0;
        std::size_t answered = 0;
    };
    struct outcome {
        nodes who;
        std::vector<json> answers;  ///< of the gateways among them
    };
    /// errc::unavailable, overloaded, timeout: the cluster could not be asked. Nodes that have not
    /// answered in five seconds are counted as missing.
    void ask(const std::string& question, unique_function<void(result<outcome>)> done);

    static std::string overview_question() { return "overview"; }
    static std::string stats_question() { return "stats"; }
    static std::string rooms_question(std::size_t most) { return "rooms:" + std::to_string(most); }
    /// What goes on in rooms of these names.
    static std::string figures_question(const std::vector<std::string>& rooms);
    static std::string user_question(const std::string& user) { return "user:" + user; }

    /// Of this gateway, with that many users by name.
    void stats(std::size_t most_users, unique_function<void(totals)> done);

private:
    using answer_json = unique_function<void(json)>;
    bool take(std::string_view question, answer_json answer);

    gateway::services& services_;
    const gateway::metrics& figures_;
    const overview& glance_;
};

}  // namespace chat_gateway::admin
