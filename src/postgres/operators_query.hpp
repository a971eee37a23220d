#pragma once

#include <pqxx/pqxx>

#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace chat_gateway::postgres {

/// A query of the configuration. Its parameters travel as text of unknown type, so that they take
/// the type of the columns that they are compared with, whatever it is, and use its index. Where
/// the server cannot tell the type from the query (`unnest($1)`) they have the types that the
/// documentation declares for them. Thread-safe.
class operators_query {
public:
    /// `types`: of $1 and so on, in SQL, separated by commas: `text[]`.
    operators_query(std::string sql, std::string types)
        : sql_(std::move(sql)), types_(std::move(types)) {}

    /// One statement outside a transaction; throws what libpqxx throws. nullopt is SQL's null.
    [[nodiscard]] pqxx::result run(pqxx::connection& c,
                                   const std::vector<std::optional<std::string>>& values) const;
    [[nodiscard]] bool empty() const { return sql_.empty(); }

private:
    [[nodiscard]] pqxx::result run_declared(
        pqxx::connection& c, const std::vector<std::optional<std::string>>& values) const;

    std::string sql_;
    std::string types_;
    /// The server has asked for the types: it is not asked without them each time.
    mutable std::atomic<bool> declared_{false};
};

}  // namespace chat_gateway::postgres
