#include "reload.hpp"

#include "config_sources.hpp"
#include "config_value.hpp"

#include <chat_gateway/app/config_table.hpp>

#include <utility>
#include <variant>

namespace chat_gateway::app {

reload_plan plan_reload(const settings& running, const origin& from) {
    reload_plan plan;
    auto sources = read_sources(from, running.demo);
    if (auto* fault = std::get_if<std::string>(&sources)) {
        plan.faults.push_back(std::move(*fault));
        return plan;
    }
    auto loaded = load_config(std::get<config_sources>(sources));
    plan.faults = std::move(loaded.faults);
    plan.warnings = std::move(loaded.warnings);
    plan.values = running;
    if (!plan.faults.empty()) return plan;
    // The demo's may be made up anew with each reading, and its page signs with those of the start.
    if (running.demo) loaded.values.session.secrets = running.session.secrets;
    for (const auto& key : config_keys()) {
        const auto now = read_value(key, loaded.values);
        if (now == read_value(key, running)) continue;
        if (!key.reloads) {
            plan.need_restart.push_back(key.path);
            continue;
        }
        store_value(key, now, plan.values);
        plan.changed.push_back(key.path);
    }
    return plan;
}

}  // namespace chat_gateway::app
