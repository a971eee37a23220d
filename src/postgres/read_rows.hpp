#pragma once

#include "array_literal.hpp"

#include <pqxx/pqxx>

#include <span>
#include <string>
#include <vector>

namespace chat_gateway::postgres {

/// The rows that `ask` has for these ids, which it gets as an array's text. One id that is not of
/// the column's type fails the whole statement, so its halves are asked until the culprit is alone
/// and left out: two statements more for each doubling, and only when there is one.
template <class Ask>
void read_rows(const Ask& ask, std::span<const std::string> ids, std::vector<pqxx::result>& out) {
    if (ids.empty()) return;
    try {
        out.push_back(ask(array_literal(ids)));
    } catch (const pqxx::data_exception&) {
        if (ids.size() == 1) return;
        const auto half = ids.size() / 2;
        read_rows(ask, ids.first(half), out);
        read_rows(ask, ids.subspan(half), out);
    }
}

}  // namespace chat_gateway::postgres
