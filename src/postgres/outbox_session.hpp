#pragma once

#include "outbox_publisher.hpp"
#include "session.hpp"
#include "watchdog.hpp"

#include <chrono>
#include <string>

namespace chat_gateway::postgres {

/// The outbox over a connection of its own: the claim is an advisory lock of the session, and new
/// rows are told by NOTIFY. No call takes longer than the timeout and a second. Lives on one
/// thread.
class outbox_session final : public outbox_source {
public:
    /// Throws what libpqxx throws.
    outbox_session(const std::string& url, std::chrono::milliseconds statement_timeout,
                   watchdog& dog);

    bool claim() override;
    void listen() override;
    std::vector<outbox_row> read(std::uint64_t after) override;
    void forget(std::uint64_t up_to) override;
    void sweep() override;
    /// Until rows may have come, `wake` is readable, or the time is up.
    void wait(int wake, std::chrono::milliseconds limit);
    /// The same query as read(), for its errors: the table is there and may be read and deleted
    /// from.
    void check();
    /// Whether what is published is kept for a while, and this role may read and sweep it: an
    /// outbox.sql of an earlier version does not, nor one that was run without `role`.
    [[nodiscard]] bool keeps_published() const { return keeps_published_; }

private:
    template <class... Values>
    pqxx::result run(const std::string& sql, const Values&... values);

    session session_;
    int backend_;  ///< the server's process for this session
    std::chrono::milliseconds timeout_;
    watchdog& dog_;
    bool keeps_published_ = false;  ///< known by check()
};

}  // namespace chat_gateway::postgres
