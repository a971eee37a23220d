#pragma once

#include <chat_gateway/admin/admin_routes.hpp>
#include <chat_gateway/app/settings.hpp>

namespace chat_gateway::app {

admin::admin_routes::options admin_options_of(const settings& s);

}  // namespace chat_gateway::app
