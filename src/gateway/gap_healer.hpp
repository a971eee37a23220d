#pragma once

#include "healed_order.hpp"
#include "paced_teller.hpp"

#include <chat_gateway/base/backoff.hpp>
#include <chat_gateway/base/scheduler.hpp>
#include <chat_gateway/chat/ports/bus_marks.hpp>
#include <chat_gateway/chat/ports/change_history.hpp>
#include <chat_gateway/chat/ports/message_bus.hpp>
#include <chat_gateway/gateway/metrics.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace chat_gateway::gateway {

/// Between a bus that keeps nothing and who hears it, where what is said of chats comes from an
/// outbox. It knows from the outbox's marks up to where the bus has brought everything. After a
/// gap, and when another server keeps the mark than before, it keeps back what the bus brings,
/// reads in the history what is missing, and passes both on in the order in which they were
/// published, each once. A gap that cannot be healed, or not before what is kept back has to be
/// told, is left, and the log says so. While nothing is kept back it may take as long as the
/// history reaches back; while something is, as long as reading gets on. Lives on the services
/// loop.
class gap_healer {
public:
    using message = socketio::cluster::message;
    using request = socketio::cluster::request;
    using rooms = std::vector<std::string>;

    /// How often the mark is asked for; without messages, a few times less often.
    static constexpr std::chrono::seconds interval{1};
    static constexpr unsigned quiet_intervals = 5;
    /// What has been brought since the last mark: with so much, another is asked for at once;
    static constexpr std::size_t many_in_doubt = 8192;
    /// and with so much it is not known any more.
    static constexpr std::size_t most_in_doubt = 65536;
    /// How long what the bus brings may be kept back without that more of the history has been
    /// read, and how much of it in all.
    static constexpr std::chrono::seconds patience{10};
    static constexpr std::size_t most_kept = std::size_t{16} << 20;
    /// How much may be read, of what concerns this gateway.
    static constexpr std::size_t most_read = std::size_t{32} << 20;
    static constexpr std::size_t most_rounds = 20;  ///< that memberships made necessary
    /// What failed is asked again, after a time in between that grows;
    static constexpr std::chrono::milliseconds retry{200};
    static constexpr std::chrono::milliseconds longest_retry{2000};
    /// and a mark that has not come, without a word of another gap.
    static constexpr std::chrono::seconds mark_patience{3};

    /// The sockets of this gateway: hub::hold_briefly, hub::subscribes, and whether a user has one.
    struct locals {
        unique_function<bool(const rooms&, chat::message_bus::done_handler)> hold{};
        unique_function<bool(std::string_view room)> subscribes{};
        unique_function<bool(std::string_view user)> has{};
    };

    /// The bus is started, or will be. All outlive this.
    gap_healer(scheduler& timers, chat::message_bus& bus, chat::bus_marks& marks,
               chat::change_history& history, metrics_block& counts, paced_teller::listener told,
               locals here);
    ~gap_healer();
    gap_healer(const gap_healer&) = delete;
    gap_healer& operator=(const gap_healer&) = delete;

    /// What the bus brings.
    void on_messages(std::vector<message> messages);
    void on_request(request r);
    void on_gap();

private:
    /// A gap that is being healed.
    struct healing {
        gap_sides gap{};
        std::uint64_t read_to = 0;    ///< of the history
        std::uint64_t furthest = 0;   ///< that it has been read to, before it began anew as well
        std::uint64_t published = 0;  ///< until the subscriptions were in force
        std::uint64_t up_to = 0;      ///< of this round
        std::size_t read_bytes = 0;
        std::size_t kept_bytes = 0;
        std::size_t rounds = 0;
        std::unordered_set<std::string> joined{};  ///< rooms that users who are here have joined
        bool found_more = false;                   ///< of these, in this round
        scheduler::timer_id deadline = 0;          ///< while something is kept back
        std::optional<time_point> mark_due{};      ///< while one is asked for
        backoff pauses{retry, longest_retry};
        time_point since{};
    };

    template <class... Arguments>
    auto later(void (gap_healer::*step)(Arguments...));
    template <class... Arguments>
    auto in_healing(void (gap_healer::*step)(Arguments...));
    void tick();
    void ask_mark();
    void on_base(result<std::uint64_t> last);
    void on_mark(result<chat::bus_mark> mark);
    void note(std::uint64_t fingerprint);
    void await_subscriptions();
    void on_subscribed(result<> outcome);
    void keep(chat::change what);
    void arm_deadline();
    void note_progress();
    void check_mark();
    void begin_round();
    void ask_published();
    void on_published(result<std::uint64_t> last);
    void ask_cut();
    void on_cut(result<chat::bus_mark> mark);
    bool has_another_keeper(const chat::bus_mark& mark);
    void read_on();
    void on_page(result<chat::change_history::page> page);
    void take(chat::change_history::past_change change);
    void end_round();
    void on_held(result<> outcome);
    void finish();
    void give_up(std::string_view why);
    [[nodiscard]] bool try_again(boost::system::error_code error, void (gap_healer::*step)());
    std::size_t tell(gap_sides gap);

    scheduler& timers_;
    chat::message_bus& bus_;
    chat::bus_marks& marks_;
    chat::change_history& history_;
    metrics_block& counts_;
    locals here_;
    paced_teller teller_;                   ///< of what was healed, and of what comes behind it
    std::optional<std::uint64_t> certain_;  ///< all up to here has been brought
    std::uint64_t keeper_ = 0;              ///< of the last mark; 0: not known
    std::uint64_t base_ = 0;            ///< had been published before the first mark was asked for
    std::vector<std::uint64_t> doubt_;  ///< fingerprints of what was brought since
    bool too_much_doubt_ = false;
    bool subscribed_ = false;  ///< everything asked for is in force
    bool mark_asked_ = false;
    unsigned quiet_ = 0;            ///< intervals without anything to ask for
    std::uint64_t generation_ = 0;  ///< answers for one before it come too late
    std::unique_ptr<healing> healing_;
    scheduler::timer_id timer_ = 0;
    std::shared_ptr<gap_healer*> self_;  ///< an answer may come after the end
};

}  // namespace chat_gateway::gateway
