#pragma once

#include <chat_gateway/base/unique_function.hpp>
#include <chat_gateway/chat/ports/recovery_store.hpp>
#include <chat_gateway/gateway/delivery.hpp>
#include <chat_gateway/gateway/recovery.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_gateway::gateway {

/// What several sessions have missed, gathered in one walk through the kept messages: after a
/// gateway's end thousands come back within a second, and the stream is not read for each of them.
/// Pure: it is fed what was read, oldest first.
class replay {
public:
    /// More than `most_bytes` of messages are given to none of them; and more than `total_bytes`
    /// are not gathered for all together.
    replay(std::size_t most_bytes, std::size_t total_bytes)
        : most_bytes_(most_bytes), total_bytes_(total_bytes) {}
    replay(const replay&) = delete;
    replay& operator=(const replay&) = delete;

    /// One that has seen all that it was to see up to `floor`, which is where something was said.
    /// `rooms` lives as long as this. Before anything is fed.
    void add(std::uint64_t floor, const std::vector<held_room>& rooms);
    /// Where to begin to read: the lowest floor.
    [[nodiscard]] std::uint64_t from() const { return from_; }

    using encode_function =
        unique_function<std::shared_ptr<const delivery>(socketio::cluster::message&&)>;
    /// Something that is kept. A message is encoded if anybody wants it, once.
    void take(chat::recovery_store::past&& p, encode_function& encode);
    /// A message that came meanwhile, later than what is kept.
    void take(const std::shared_ptr<const delivery>& d);

    /// Of the n-th that was added; nullopt: what it should get is not known whole, or too much.
    [[nodiscard]] std::optional<delivery_batch> missed(std::size_t n);

private:
    struct absentee {
        std::uint64_t floor;
        bool seen = false;  ///< its floor was there
        bool lost = false;
        std::size_t bytes = 0;
        delivery_batch batch{};
    };
    struct membership {
        std::size_t who;
        std::uint64_t from;
    };
    void note_floor(std::uint64_t position);
    [[nodiscard]] std::vector<std::size_t> wanted_by(std::uint64_t position,
                                                     std::span<const std::string> rooms,
                                                     std::span<const std::string> except) const;
    void give(const std::vector<std::size_t>& whom, const std::shared_ptr<const delivery>& d);

    const std::size_t most_bytes_;
    const std::size_t total_bytes_;
    std::size_t bytes_ = 0;  ///< gathered
    std::uint64_t from_ = ~std::uint64_t{0};
    std::vector<absentee> absent_;
    std::unordered_map<std::string_view, std::vector<membership>> rooms_;
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> floors_;
};

}  // namespace chat_gateway::gateway
