#pragma once

#include <chat_gateway/app/settings.hpp>
#include <chat_gateway/gateway/connection_limits.hpp>
#include <chat_gateway/gateway/recovery.hpp>
#include <chat_gateway/gateway/shard.hpp>
#include <chat_gateway/http/cors.hpp>

#include <cstdint>
#include <memory>

/// Settings in the words of those who act upon them. The settings have been checked.
namespace chat_gateway::app {

unsigned thread_count(const settings& s);

/// `cors` outlives the shard.
gateway::shard_options shard_options_of(const settings& s, const http::cors_policy& cors,
                                        std::uint8_t number);

gateway::recovery_options recovery_options_of(const settings& s);

gateway::limit_options limit_options_of(const settings& s);
/// Those of `limits` are brought up to date; made if something is limited and there are none yet.
void set_connection_limits(std::shared_ptr<gateway::connection_limits>& limits, const settings& s);

/// What may change while a shard runs.
gateway::shard_limits shard_limits_of(const settings& s,
                                      std::shared_ptr<gateway::connection_limits> connections);

}  // namespace chat_gateway::app
