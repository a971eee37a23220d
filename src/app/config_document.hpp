#pragma once

#include <nlohmann/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::app {

/// JSON as people write it: // and /* */ comments, and mistakes they want to be told the place of.
struct config_document {
    nlohmann::ordered_json root;          ///< discarded if the text is not JSON
    std::size_t line = 0;                 ///< from 1, of the first syntax error
    std::size_t column = 0;               ///< from 1, in bytes
    std::vector<std::string> duplicates;  ///< paths of keys said twice; the last one is in `root`
};

config_document parse_config_document(std::string_view text);

}  // namespace chat_gateway::app
