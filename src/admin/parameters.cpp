#include "parameters.hpp"

#include <chat_gateway/base/query.hpp>

#include <charconv>

namespace chat_gateway::admin {

std::optional<scope> scope_of(std::string_view query) {
    const auto text = query_value(query, "scope");
    if (!text || *text == "gateway") return scope::gateway;
    if (*text == "cluster") return scope::cluster;
    return std::nullopt;
}

std::optional<std::size_t> limit_of(std::string_view query) {
    const auto text = query_value(query, "limit");
    if (!text) return default_limit;
    std::size_t limit = 0;
    const char* const end = text->data() + text->size();
    const auto [stop, error] = std::from_chars(text->data(), end, limit);
    if (error != std::errc{} || stop != end || limit == 0 || limit > most_limit)
        return std::nullopt;
    return limit;
}

}  // namespace chat_gateway::admin
