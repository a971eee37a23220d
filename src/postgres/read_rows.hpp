#pragma once

#include "array_literal.hpp"
#include "query.hpp"

#include <pqxx/pqxx>

#include <span>
#include <string>
#include <vector>

namespace chat_gateway::postgres {

/// The rows of `sql` for these ids, which are its `$1`; `more` are `$2` and so on. One id that is
/// not of the column's type fails the whole statement, so its halves are asked until the culprit is
/// alone and left out: two statements more for each doubling, and only when there is one.
template <class... Values>
void read_rows(pqxx::connection& c, const std::string& sql, std::span<const std::string> ids,
               std::vector<pqxx::result>& out, const Values&... more) {
    if (ids.empty()) return;
    try {
        out.push_back(query(c, sql, array_literal(ids), more...));
    } catch (const pqxx::data_exception&) {
        if (ids.size() == 1) return;
        const auto half = ids.size() / 2;
        read_rows(c, sql, ids.first(half), out, more...);
        read_rows(c, sql, ids.subspan(half), out, more...);
    }
}

}  // namespace chat_gateway::postgres
