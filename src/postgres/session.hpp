#pragma once

#include <pqxx/pqxx>

#include <string>

namespace chat_gateway::postgres {

/// A connection to the server, with a descriptor of its own for its socket: libpq closes its one
/// whenever it likes, and the number may then be somebody else's. Lives on one worker.
class session {
public:
    /// Connects; throws what libpqxx throws.
    explicit session(const std::string& url);
    ~session();
    session(const session&) = delete;
    session& operator=(const session&) = delete;

    [[nodiscard]] pqxx::connection& connection() { return connection_; }
    [[nodiscard]] int socket() const { return socket_; }

private:
    pqxx::connection connection_;
    int socket_;
};

}  // namespace chat_gateway::postgres
