#include "config_check.hpp"

#include "printable.hpp"

#include <chat_gateway/base/text.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <algorithm>
#include <set>

namespace chat_gateway::app {
namespace {

std::string shown(const config_key& key, const nlohmann::ordered_json& value) {
    return key.shown == secrecy::open ? printable(value) : "the value";
}

std::string joined(const std::vector<std::string_view>& words, std::string_view last_separator) {
    std::string all;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) all += i + 1 == words.size() ? last_separator : ", ";
        all += words[i];
    }
    return all;
}

/// Empty if nothing is wrong.
std::string problem_of_text(const config_key& key, const std::string& text) {
    const auto subject = shown(key, text);
    if (!is_valid_utf8(text)) return subject + " is not UTF-8";
    if (text.find('\0') != text.npos) return subject + " contains a NUL character";
    if (!key.choices.empty() && std::ranges::count(key.choices, text) == 0) {
        return subject + " is not a choice";
    }
    const auto problem = key.check == nullptr ? "" : key.check(text);
    return problem.empty() ? "" : subject + ' ' + std::string(problem);
}

std::vector<std::string> problems_of_list(const config_key& key,
                                          const std::vector<std::string>& list) {
    std::vector<std::string> problems;
    for (const auto& item : list) {
        auto problem = problem_of_text(key, item);
        if (!problem.empty()) problems.push_back(std::move(problem));
    }
    if (key.choices.empty()) return problems;
    if (list.empty()) problems.emplace_back("the list is empty");
    if (std::set(list.begin(), list.end()).size() < list.size()) {
        problems.emplace_back("the list names something twice");
    }
    return problems;
}

bool is_wildcard(const std::string& host) {
    return host == "0.0.0.0" || host == "::";
}

bool same_endpoint(const settings& values) {
    const auto& host = values.server.host;
    const auto& admin_host = values.admin.host;
    const bool hosts_meet = host == admin_host || is_wildcard(host) || is_wildcard(admin_host);
    return values.server.port != 0 && values.server.port == values.admin.port && hosts_meet;
}

bool is_loopback(const std::string& host) {
    return host == "localhost" || host == "::1" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

bool is_redis_cluster(const settings& values) {
    const auto nodes = redis::parse_urls(values.redis.url);
    return nodes && nodes->size() > 1;
}

}  // namespace

std::vector<std::string> check_value(const config_key& key, const config_value& value) {
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
        return problems_of_list(key, *list);
    }
    std::string problem;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
        const bool inside = *number >= key.minimum && *number <= key.maximum;
        if (!inside) problem = shown(key, *number) + " is out of range";
    } else if (const auto* text = std::get_if<std::string>(&value)) {
        problem = problem_of_text(key, *text);
    }
    return problem.empty() ? std::vector<std::string>{} : std::vector{problem};
}

std::string wrong_kind(const config_key& key, const nlohmann::ordered_json& value) {
    const auto subject = shown(key, value);
    switch (kind_of(key)) {
        case value_kind::boolean:
            return subject + " is not a boolean";
        case value_kind::integer:
            return subject + " is not an integer";
        case value_kind::text:
            return subject + " is not a string";
        case value_kind::list:
            return subject + " is not a list of strings";
    }
    return subject + " is of another kind";
}

std::string accepted_values(const config_key& key) {
    switch (kind_of(key)) {
        case value_kind::boolean:
            return "true or false";
        case value_kind::integer:
            return "an integer from " + std::to_string(key.minimum) + " to " +
                   std::to_string(key.maximum);
        case value_kind::text:
            return key.choices.empty() ? std::string(key.accepted) : joined(key.choices, " or ");
        case value_kind::list:
            return key.choices.empty() ? std::string(key.accepted)
                                       : "a list of one or more of " + joined(key.choices, " and ");
    }
    return std::string(key.accepted);
}

std::vector<joint_fault> check_together(const settings& values) {
    std::vector<joint_fault> faults;
    if (same_endpoint(values)) {
        faults.push_back({{"admin.port", "server.port", "admin.host", "server.host"},
                          std::to_string(values.admin.port) + " is also server.port",
                          "another port"});
    }
    if (values.redis.tls_certificate_file.empty() != values.redis.tls_key_file.empty()) {
        faults.push_back({{"redis.tls_certificate_file", "redis.tls_key_file"},
                          "goes with redis.tls_key_file",
                          "both of them or neither"});
    }
    if (values.session.secrets.empty()) {
        faults.push_back({{"session.secrets"},
                          "is required",
                          accepted_values(*find_config_key("session.secrets")),
                          true});
    }
    if (values.postgres.outbox && !values.demo && values.bus.kind == "memory") {
        faults.push_back(
            {{"postgres.outbox"}, "true needs a bus that remembers what was published", "false"});
    }
    // One script sets the mark and publishes; it cannot do so at several nodes.
    if (values.postgres.outbox && values.bus.kind == "redis-sharded" && is_redis_cluster(values)) {
        faults.push_back({{"postgres.outbox", "bus.kind", "redis.url"},
                          "true does not go with bus.kind redis-sharded on a Redis Cluster",
                          "false, or bus.kind redis or redis-streams"});
    }
    return faults;
}

std::vector<std::string> doubts_about(const settings& values) {
    if (is_loopback(values.admin.host) || !values.admin.token.empty()) return {};
    return {"admin.host: " + printable(values.admin.host) +
            " is no loopback address, and admin.token is empty: whoever reaches the private "
            "listener may publish messages and disconnect users"};
}

}  // namespace chat_gateway::app
