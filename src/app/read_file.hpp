#pragma once

#include <chat_gateway/base/error.hpp>

#include <cstddef>
#include <string>

namespace chat_gateway::app {

/// The file's bytes; the system's error, or errc::too_large beyond `limit` bytes.
result<std::string> read_file(const std::string& path, std::size_t limit);

}  // namespace chat_gateway::app
