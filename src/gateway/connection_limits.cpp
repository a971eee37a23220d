#include <chat_gateway/base/token_bucket.hpp>
#include <chat_gateway/gateway/connection_limits.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// As many loops as are usual seldom meet in one part.
constexpr std::size_t parts = 16;
constexpr std::size_t max_idle_per_part = connection_limits::max_idle_addresses / parts;
/// What an idle address is remembered for is over after token_bucket::standard_depth.
constexpr std::chrono::seconds sweep_interval{10};

/// Neighbouring networks are to be in different parts, and whoever chooses addresses is not to
/// choose the part: std::hash of an integer is the integer.
std::size_t part_of(std::uint64_t network) {
    return (network * 0x9e3779b97f4a7c15ULL) >> 60;
}
static_assert(parts == 16, "four bits");

}  // namespace

std::string_view to_string(limit_met l) {
    constexpr std::string_view names[] = {"max_connections", "connections_per_ip",
                                          "handshakes_per_ip", "connections_per_user"};
    return names[static_cast<std::size_t>(l)];
}

struct connection_limits::tables {
    struct address {
        std::uint32_t connections = 0;
        token_bucket handshakes;
    };
    struct address_part {
        mutable std::mutex mutex;
        std::unordered_map<std::uint64_t, address> known;
        std::size_t idle = 0;  ///< of them, those without connections
        time_point swept{};

        /// Forgets addresses of which nothing is left to know; all idle ones if those are too many.
        void sweep(time_point now) {
            const bool full = idle >= max_idle_per_part;
            if (!full && now - swept < sweep_interval) return;
            swept = now;
            drop_idle([now](const address& a) { return a.handshakes.full(now); });
            // Half empty, or the next one sweeps again.
            if (idle > max_idle_per_part / 2) drop_idle([](const address&) { return true; });
        }
        template <class Condition>
        void drop_idle(Condition c) {
            idle -= std::erase_if(known, [&](const auto& entry) {
                return entry.second.connections == 0 && c(entry.second);
            });
        }
    };
    struct user_part {
        std::mutex mutex;
        std::unordered_map<std::string, std::uint32_t> connections;
    };

    user_part& users_of(const std::string& user) {
        return users[std::hash<std::string>{}(user) % parts];
    }

    std::atomic<std::uint32_t> connections{0};
    std::array<address_part, parts> addresses;
    std::array<user_part, parts> users;
};

connection_limits::connection_limits(limit_options o) : tables_(std::make_unique<tables>()) {
    set(o);
}
connection_limits::~connection_limits() = default;

void connection_limits::set(const limit_options& o) {
    most_.connections = o.connections;
    most_.per_address = o.connections_per_address;
    most_.per_user = o.connections_per_user;
    most_.handshakes = o.handshakes_per_address_per_s;
}

std::variant<std::unique_ptr<connection_limits::place>, limit_met> connection_limits::enter(
    std::optional<std::uint64_t> network, time_point now) {
    const std::uint32_t before = tables_->connections.fetch_add(1);
    // From here on its end counts down what was counted up.
    std::unique_ptr<place> p(new place(shared_from_this(), std::nullopt));
    const std::uint32_t most = most_.connections;
    if (most != 0 && before >= most) return limit_met::connections;
    const bool by_address = most_.per_address != 0 || most_.handshakes != 0;
    if (by_address && network) {
        if (const auto met = enter_address(*network, now)) return *met;
        p->address_ = network;
    }
    return p;
}

std::optional<limit_met> connection_limits::enter_address(std::uint64_t network, time_point now) {
    auto& part = tables_->addresses[part_of(network)];
    const std::lock_guard lock(part.mutex);
    part.sweep(now);
    const auto [at, fresh] = part.known.try_emplace(network);
    tables::address& a = at->second;
    if (fresh) ++part.idle;
    const std::uint32_t rate = most_.handshakes;
    if (rate != 0 && !a.handshakes.take({.rate = rate}, now))
        return limit_met::handshakes_per_address;
    const std::uint32_t most = most_.per_address;
    if (most != 0 && a.connections >= most) return limit_met::connections_per_address;
    if (a.connections++ == 0) --part.idle;
    return std::nullopt;
}

void connection_limits::leave_address(std::uint64_t network) {
    auto& part = tables_->addresses[part_of(network)];
    const std::lock_guard lock(part.mutex);
    const auto found = part.known.find(network);
    if (--found->second.connections != 0) return;
    if (most_.handshakes == 0) {
        part.known.erase(found);
    } else {
        ++part.idle;  // the next sweep that finds its bucket full takes it
    }
}

bool connection_limits::place::belongs_to(const std::string& user) {
    const std::uint32_t most = limits_->most_.per_user;
    if (most == 0) return true;
    auto& part = limits_->tables_->users_of(user);
    const std::lock_guard lock(part.mutex);
    std::uint32_t& connections = part.connections[user];
    if (connections >= most) return false;
    ++connections;
    user_ = user;
    return true;
}

void connection_limits::leave_user(const std::string& user) {
    auto& part = tables_->users_of(user);
    const std::lock_guard lock(part.mutex);
    const auto found = part.connections.find(user);
    if (--found->second == 0) part.connections.erase(found);
}

connection_limits::place::~place() {
    if (!user_.empty()) limits_->leave_user(user_);
    if (address_) limits_->leave_address(*address_);
    limits_->tables_->connections.fetch_sub(1);
}

std::size_t connection_limits::known_addresses() const {
    std::size_t sum = 0;
    for (const auto& part : tables_->addresses) {
        const std::lock_guard lock(part.mutex);
        sum += part.known.size();
    }
    return sum;
}

std::size_t connection_limits::connections() const {
    return tables_->connections.load();
}

}  // namespace chat_gateway::gateway
