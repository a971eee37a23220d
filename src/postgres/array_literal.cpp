#include "array_literal.hpp"

namespace chat_gateway::postgres {

std::string array_literal(std::span<const std::string> elements) {
    std::string out = "{";
    for (const auto& element : elements) {
        if (out.size() > 1) out += ',';
        out += '"';
        for (const char c : element) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
    return out + "}";
}

}  // namespace chat_gateway::postgres
