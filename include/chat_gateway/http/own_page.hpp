#pragma once

#include <chat_gateway/http/message.hpp>

#include <string>
#include <vector>

namespace chat_gateway::http {

/// Whether a browser sends this for a page that it has from this listener: the one Origin is http
/// or https and has host and port of the Host header. The host must be an IP address, `localhost`
/// or one of `names` (lower case): another name may be anybody's who lets it point here, and his
/// page's Origin has that name as well as the Host (DNS rebinding).
[[nodiscard]] bool is_from_own_page(const request& r, const std::vector<std::string>& names);

}  // namespace chat_gateway::http
