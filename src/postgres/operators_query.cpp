#include "operators_query.hpp"

#include "query.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace chat_gateway::postgres {
namespace {

/// What the server says of a parameter without a type: which function or operator is meant, or what
/// type the parameter is, cannot be told, or it would have to be two at once.
constexpr std::array<std::string_view, 5> untyped_parameter{"42725",   // ambiguous_function
                                                            "42P18",   // indeterminate_datatype
                                                            "42P08",   // ambiguous_parameter
                                                            "42804",   // datatype_mismatch
                                                            "42883"};  // undefined_function

bool asks_for_types(const pqxx::sql_error& e) {
    return std::ranges::find(untyped_parameter, std::string_view(e.sqlstate())) !=
           untyped_parameter.end();
}

pqxx::result run_untyped(pqxx::connection& c, const std::string& sql,
                         const std::vector<std::optional<std::string>>& values) {
    const auto text = [&](std::size_t n) {
        return values[n] ? values[n]->c_str() : static_cast<const char*>(nullptr);
    };
    return values.size() == 1 ? query(c, sql, text(0)) : query(c, sql, text(0), text(1));
}

}  // namespace

pqxx::result operators_query::run(pqxx::connection& c,
                                  const std::vector<std::optional<std::string>>& values) const {
    if (declared_) return run_declared(c, values);
    try {
        return run_untyped(c, sql_, values);
    } catch (const pqxx::sql_error& e) {
        if (!asks_for_types(e)) throw;
    }
    auto rows = run_declared(c, values);
    declared_ = true;
    return rows;
}

/// libpqxx lets nobody say a parameter's type; SQL does. All in one message, so that it is one
/// transaction, which a pooler gives one server, and leaves nothing prepared behind that is in the
/// way of the next.
pqxx::result operators_query::run_declared(
    pqxx::connection& c, const std::vector<std::optional<std::string>>& values) const {
    std::string arguments;
    for (const auto& value : values) {
        if (!arguments.empty()) arguments += ", ";
        arguments += value ? c.quote(*value) : "null";
    }
    // A line of its own ends a comment that the query may end with.
    const std::string statements = "deallocate all; prepare chat_gateway(" + types_ + ") as " +
                                   sql_ + "\n; execute chat_gateway(" + arguments + ")";
    pqxx::nontransaction together(c);
    try {
        return together.exec(statements);
    } catch (const pqxx::data_exception&) {
        throw;  // of the values: the query is as it was
    } catch (const pqxx::sql_error&) {
        declared_ = false;  // tables may have changed
        throw;
    }
}

}  // namespace chat_gateway::postgres
