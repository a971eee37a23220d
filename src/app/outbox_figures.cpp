#include "outbox_figures.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace chat_gateway::app {
namespace {

using chat::feed_figures;

double seconds_since(std::optional<time_point> then) {
    if (!then) return 0;
    return std::max(std::chrono::duration<double>(steady_clock::now() - *then).count(), 0.0);
}

}  // namespace

void add_outbox_figures(gateway::metrics& figures, const stores& s) {
    const auto add = [&](std::string name, std::string labels, std::string help, auto value) {
        figures.add({std::move(name), std::move(labels), std::move(help), [&s, value] {
                         return s.feed ? static_cast<double>(value(s.feed->figures())) : 0.0;
                     }});
    };
    const auto add_role = [&](std::string name, std::string help, feed_figures::role role) {
        add("chat_gateway_outbox_role", "role=\"" + std::move(name) + "\"", std::move(help),
            [role](const feed_figures& f) { return f.part == role ? 1 : 0; });
    };
    add_role("publisher",
             "What this gateway is to the outbox: 1 at one of the roles, 0 at all without "
             "postgres.outbox; unable: the table cannot be reached or used.",
             feed_figures::role::publisher);
    add_role("standby", "", feed_figures::role::standby);
    add_role("unable", "", feed_figures::role::unable);
    add("chat_gateway_outbox_rows_total", "result=\"published\"",
        "Rows of the outbox that this gateway has published, or left out because they are no "
        "message.",
        [](const feed_figures& f) { return f.published; });
    add("chat_gateway_outbox_rows_total", "result=\"malformed\"", "",
        [](const feed_figures& f) { return f.malformed; });
    add("chat_gateway_outbox_failures_total", "store=\"redis\"",
        "What the outbox asked of a store in vain; it is asked again.",
        [](const feed_figures& f) { return f.sink_failures; });
    add("chat_gateway_outbox_failures_total", "store=\"postgres\"", "",
        [](const feed_figures& f) { return f.source_failures; });
    add("chat_gateway_outbox_waiting_rows", "",
        "Rows that wait to be published, as the publisher last saw them; counted up to 10000, 0 at "
        "other gateways.",
        [](const feed_figures& f) { return f.waiting; });
    add("chat_gateway_outbox_oldest_row_seconds", "",
        "How long the first of those has waited; 0 when none does.",
        [](const feed_figures& f) { return seconds_since(f.oldest); });
}

}  // namespace chat_gateway::app
