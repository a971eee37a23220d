#include "quoted_name.hpp"

namespace chat_gateway::postgres {

std::string quoted_name(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        if (c == '.') {
            out += "\".\"";
        } else {
            out += c;
            if (c == '"') out += c;
        }
    }
    return out + '"';
}

}  // namespace chat_gateway::postgres
