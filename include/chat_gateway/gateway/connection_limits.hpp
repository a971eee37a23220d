#pragma once

#include <chat_gateway/base/scheduler.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace chat_gateway::gateway {

/// Of one gateway process, all its loops together; 0 is no limit. A handshake under way counts as a
/// connection.
struct limit_options {
    std::uint32_t connections = 0;
    std::uint32_t connections_per_address = 0;
    std::uint32_t connections_per_user = 0;
    std::uint32_t handshakes_per_address_per_s = 0;  ///< twice as many in a burst
};

/// Which limit a handshake has met: a metric label.
enum class limit_met : std::uint8_t {
    connections,
    connections_per_address,
    handshakes_per_address,
    connections_per_user,
};
/// The enumerator's name, as the log has it.
std::string_view to_string(limit_met l);

/// Counts connections and handshakes, and says when there are too many. Shared by all loops and
/// thread-safe: the total is an atomic, addresses and users are in tables of several parts, each
/// with a lock that is held for one look-up, once per handshake and connection end; messages never
/// come here. A limit that is off costs nothing.
///
/// The table of addresses holds those with connections, and, where handshakes are limited, those
/// whose bucket is not full again; at most `max_idle_addresses` of the latter: when more come, what
/// is known of the others is forgotten rather than that of anybody who is connected.
class connection_limits : public std::enable_shared_from_this<connection_limits> {
public:
    static constexpr std::size_t max_idle_addresses = 65536;

    explicit connection_limits(limit_options o);
    /// Other limits from now on. Against one that was off count the connections made from now on.
    void set(const limit_options& o);
    ~connection_limits();

    /// One connection, or handshake under way, as long as it exists. May end on any thread.
    class place {
    public:
        ~place();
        place(const place&) = delete;
        place& operator=(const place&) = delete;
        /// It is that user's; false: the user has as many as may be. Once.
        [[nodiscard]] bool belongs_to(const std::string& user);

    private:
        friend class connection_limits;
        place(std::shared_ptr<connection_limits> l, std::optional<std::uint64_t> address)
            : limits_(std::move(l)), address_(address) {}
        std::shared_ptr<connection_limits> limits_;
        std::optional<std::uint64_t> address_;  ///< that it counts for
        std::string user_;                      ///< that it counts for
    };

    /// `network`: where it comes from, see http::network_of; nullopt (an AF_UNIX peer that names no
    /// client) is limited by the total only.
    [[nodiscard]] std::variant<std::unique_ptr<place>, limit_met> enter(
        std::optional<std::uint64_t> network, time_point now);

    /// For tests and figures.
    [[nodiscard]] std::size_t known_addresses() const;
    [[nodiscard]] std::size_t connections() const;

private:
    struct tables;
    [[nodiscard]] std::optional<limit_met> enter_address(std::uint64_t network, time_point now);
    void leave_address(std::uint64_t network);
    void leave_user(const std::string& user);

    /// limit_options, for all threads.
    struct {
        std::atomic<std::uint32_t> connections{0};
        std::atomic<std::uint32_t> per_address{0};
        std::atomic<std::uint32_t> per_user{0};
        std::atomic<std::uint32_t> handshakes{0};
    } most_;
    std::unique_ptr<tables> tables_;
};

}  // namespace chat_gateway::gateway
