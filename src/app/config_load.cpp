#include "config_check.hpp"
#include "config_document.hpp"
#include "config_value.hpp"
#include "printable.hpp"

#include <chat_gateway/app/config_load.hpp>
#include <chat_gateway/app/config_table.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/postgres/postgres.hpp>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace chat_gateway::app {
namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t demo_secret_length = 32;

bool is_section(const std::string& path) {
    return std::ranges::any_of(
        config_keys(), [&](const config_key& key) { return key.path.starts_with(path + '.'); });
}

/// Puts one source after the other over the defaults, and remembers what is wrong with each.
class loader {
public:
    void apply_file(const config_file& file) {
        source_ = file.name;
        auto document = parse_config_document(file.text);
        if (document.root.is_discarded()) {
            add_fault("line " + std::to_string(document.line) + ", column " +
                          std::to_string(document.column),
                      "is not JSON", "a JSON object, // comments allowed");
            return;
        }
        if (!document.root.is_object()) {
            add_fault("the file", "is not a JSON object", "a JSON object, // comments allowed");
            return;
        }
        for (const auto& path : document.duplicates)
            add_fault(path, "is said twice", "each key once");
        drop_schema(document.root);
        apply_object(document.root, "");
    }

    void apply_environment(const environment& variables) {
        std::set<std::string> known;
        for (const auto& key : config_keys()) {
            const auto name = environment_name(key.path);
            known.insert(name);
            if (const auto own = variables.find(name); own != variables.end()) {
                source_ = name;
                apply(key, value_from_text(key, own->second), own->second);
            } else if (!key.alias.empty()) {
                apply_alias(key, variables);
            }
        }
        for (const auto& [name, value] : variables) {
            if (!name.starts_with("CHAT_GATEWAY_") || known.contains(name)) continue;
            // No fault: orchestrators set variables named after a service, CHAT_GATEWAY_PORT and
            // the like.
            result_.warnings.push_back(
                path_segment(name) +
                ": is not a known variable (docs/configuration.md lists them)");
        }
    }

    loaded_config finish(bool demo) {
        auto& values = result_.values;
        values.demo = demo;
        while (values.server.path.size() > 1 && values.server.path.ends_with('/')) {
            values.server.path.pop_back();
        }
        if (demo) {
            values.session.store = "memory";
            values.bus.kind = "memory";
            if (values.session.secrets.empty()) {
                values.session.secrets.push_back(random_token(demo_secret_length));
            }
        }
        const auto built_in = postgres::default_queries();
        auto& queries = values.postgres.queries;
        if (queries.chats_of_users.empty()) queries.chats_of_users = built_in.chats_of_users;
        if (queries.can_view_chat.empty()) queries.can_view_chat = built_in.can_view_chat;
        add_joint_faults();
        for (auto& doubt : doubts_about(values))
            result_.warnings.push_back(std::move(doubt));
        return std::move(result_);
    }

private:
    /// `$schema` is the editor's, and says nothing to the gateway.
    void drop_schema(json& root) {
        const auto schema = root.find("$schema");
        if (schema == root.end()) return;
        if (!schema->is_string())
            add_fault(path_segment("$schema"), "is not a string",
                      "where an editor finds the JSON Schema");
        root.erase(schema);
    }

    void apply_object(const json& object, const std::string& prefix) {
        for (const auto& [name, value] : object.items()) {
            const auto path = prefix + path_segment(name);
            if (const auto* key = find_config_key(path)) {
                apply(*key, value_from_json(*key, value), value);
            } else if (!is_section(path)) {
                add_fault(path, "is not a known key", "the keys of docs/configuration.md");
            } else if (!value.is_object()) {
                add_fault(path, "is not an object",
                          "an object of the keys of docs/configuration.md");
            } else {
                apply_object(value, path + '.');
            }
        }
    }

    /// The whole variable is one value: a secret may contain commas. An empty one counts as not
    /// set, as deployment tools pass on what they do not have.
    void apply_alias(const config_key& key, const environment& variables) {
        const auto variable = variables.find(std::string(key.alias));
        if (variable == variables.end() || variable->second.empty()) return;
        const auto& text = variable->second;
        source_ = key.alias;
        if (kind_of(key) == value_kind::list) {
            apply(key, config_value(std::vector{text}), text);
        } else {
            apply(key, value_from_text(key, text), text);
        }
    }

    void apply(const config_key& key, const std::optional<config_value>& value, const json& said) {
        if (!value) {
            add_fault(key, wrong_kind(key, said));
            return;
        }
        const auto problems = check_value(key, *value);
        for (const auto& problem : problems)
            add_fault(key, problem);
        if (problems.empty()) store_value(key, *value, result_.values);
    }

    void add_fault(const config_key& key, const std::string& problem) {
        faulty_.insert(key.path);
        add_fault(std::string(key.path), problem, accepted_values(key));
    }

    void add_fault(const std::string& what, const std::string& problem,
                   const std::string& accepted) {
        result_.faults.push_back(what + ": " + problem + "; accepted: " + accepted + " (from " +
                                 source_ + ')');
    }

    /// Not about keys that are at fault already: what they would have said is unknown.
    void add_joint_faults() {
        for (const auto& fault : check_together(result_.values)) {
            const bool known = std::ranges::none_of(
                fault.keys, [this](std::string_view path) { return faulty_.contains(path); });
            if (!known) continue;
            result_.faults.push_back(std::string(fault.keys.front()) + ": " + fault.problem +
                                     "; accepted: " + fault.accepted);
            if (fault.missing) ++result_.missing;
        }
    }

    loaded_config result_;
    std::set<std::string_view> faulty_;
    std::string source_;
};

}  // namespace

environment read_environment(const char* const* variables) {
    environment all;
    for (; *variables != nullptr; ++variables) {
        const std::string_view entry = *variables;
        const auto equals = entry.find('=');
        if (equals == entry.npos) continue;
        all.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return all;
}

loaded_config load_config(const config_sources& sources) {
    loader all;
    if (sources.file) all.apply_file(*sources.file);
    all.apply_environment(sources.variables);
    return all.finish(sources.demo);
}

}  // namespace chat_gateway::app
