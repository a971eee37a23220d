#pragma once

#include <pqxx/pqxx>

#include <string>

namespace chat_gateway::postgres {

/// One statement outside a transaction. Parameters travel as text of unknown type, so the server
/// gives them the type that the statement needs. (libpqxx 7.9 renamed the call.)
template <class... Values>
pqxx::result query(pqxx::connection& c, const std::string& sql, const Values&... values) {
    pqxx::nontransaction statement(c);
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 9)
    return statement.exec(pqxx::zview(sql), pqxx::params(values...));
#else
    return statement.exec_params(sql, values...);
#endif
}

}  // namespace chat_gateway::postgres
