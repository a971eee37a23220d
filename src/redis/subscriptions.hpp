#pragma once

#include <chat_gateway/base/error.hpp>
#include <chat_gateway/base/text_map.hpp>
#include <chat_gateway/base/unique_function.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::redis {

/// Which channels are wanted, and who waits until Redis has confirmed them. Pure: returns the bytes
/// to send, is told what comes back. Redis confirms each channel of each command once, in order; so
/// what was asked of this connection up to a moment is in force when as many confirmations have
/// come as had been asked for.
class subscriptions {
public:
    using waiter = unique_function<void(result<>)>;
    static constexpr std::size_t max_batch = 500;        ///< channels of one command
    static constexpr std::size_t max_waiting = 200'000;  ///< waiters, in an outage

    /// A pattern is wanted from the first to the last; empty: none. Sharded: SSUBSCRIBE, which
    /// knows no patterns.
    explicit subscriptions(std::string pattern, bool sharded = false)
        : pattern_(std::move(pattern)), sharded_(sharded) {}

    /// The waiter is due when everything wanted so far is in force; look at take_due() after the
    /// call too. Beyond max_waiting it is given back in `refused`.
    std::string subscribe(const std::vector<std::string>& channels, waiter done, waiter& refused);
    std::string unsubscribe(const std::vector<std::string>& channels);

    /// Everything wanted, for a connection that knows nothing yet.
    std::string on_connected();
    void on_disconnected();
    /// One channel confirmed, in or out. False: nothing was asked for.
    [[nodiscard]] bool on_confirmed();
    std::vector<waiter> take_due();
    std::vector<waiter> take_all();
    /// True once for each connection: all that on_connected() asked for is in force.
    [[nodiscard]] bool take_restored();

private:
    struct waiting {
        std::uint64_t mark;  ///< due when `confirmed_` is there
        waiter done;
    };
    std::string ask(std::string_view verb, const std::vector<std::string_view>& channels);

    std::string pattern_;
    bool sharded_;
    text_set wanted_;
    std::deque<waiting> waiting_;  ///< by mark
    bool connected_ = false;
    std::uint64_t asked_ = 0;      ///< of this connection
    std::uint64_t confirmed_ = 0;  ///< by it
    std::uint64_t restored_at_ = 0;
    bool restoring_ = false;
};

}  // namespace chat_gateway::redis
