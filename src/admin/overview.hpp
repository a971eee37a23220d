#pragma once

#include "answers.hpp"

#include <chat_gateway/gateway/metrics.hpp>
#include <chat_gateway/gateway/services.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace chat_gateway::admin {

/// What a gateway says of itself at a glance, made of counters alone: it costs the same with no
/// sockets and with 100,000 of them. Services loop.
class overview {
public:
    /// `name`: by which operators know this gateway.
    overview(std::string name, gateway::services& services, const gateway::metrics& figures)
        : name_(std::move(name)), services_(services), figures_(figures) {}

    void set_draining() { draining_ = true; }
    [[nodiscard]] const std::string& name() const { return name_; }

    /// `{name, version, uptime_seconds, draining, rooms, figures}`.
    [[nodiscard]] json of_this_gateway() const;

private:
    const std::string name_;
    gateway::services& services_;
    const gateway::metrics& figures_;
    const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
    bool draining_ = false;
};

/// The samples of Prometheus' text by name and labels as they stand there, without those that are
/// 0; lines that are none are passed over.
[[nodiscard]] json samples_of(std::string_view prometheus);

/// Whether another gateway's answer is what of_this_gateway() gives, so that a page can rely on it.
[[nodiscard]] bool is_overview(const json& j);

}  // namespace chat_gateway::admin
