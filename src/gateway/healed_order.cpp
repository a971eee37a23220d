#include "healed_order.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>

namespace chat_gateway::gateway {
namespace {

using socketio::cluster::message;
using socketio::cluster::request;
using socketio::cluster::request_kind;

std::uint64_t hash_of(std::string_view text) {
    return std::hash<std::string_view>{}(text);
}

std::uint64_t mixed(std::uint64_t seed, std::string_view text) {
    return (seed << 7 | seed >> 57) * 0x9e3779b97f4a7c15U + hash_of(text);
}

std::uint64_t fingerprint_of(const message& m) {
    if (m.nsp != "/" || m.rooms.size() != 1 || !m.except.empty() || !m.attachments.empty())
        return 0;
    return mixed(hash_of(m.packet), m.rooms.front());
}

std::uint64_t fingerprint_of(const request& r) {
    const bool membership = r.kind == request_kind::join || r.kind == request_kind::leave;
    if (!membership || r.nsp != "/" || r.to.rooms.size() != 1 || !r.to.except.empty() ||
        r.rooms.size() != 1) {
        return 0;
    }
    const auto kind = static_cast<std::uint64_t>(r.kind);
    return mixed(mixed(kind, r.to.rooms.front()), r.rooms.front());
}

/// How often each was there and has not been taken.
class tally {
public:
    void add(std::uint64_t fingerprint) {
        if (fingerprint != 0) ++counts_[fingerprint];
    }
    [[nodiscard]] bool has(std::uint64_t fingerprint) const {
        const auto found = counts_.find(fingerprint);
        return found != counts_.end() && found->second != 0;
    }
    bool take(std::uint64_t fingerprint) {
        const auto found = counts_.find(fingerprint);
        if (found == counts_.end() || found->second == 0) return false;
        --found->second;
        return true;
    }

private:
    std::unordered_map<std::uint64_t, std::size_t> counts_;
};

/// One connection brings what is published in its order and without holes: what is ahead of
/// something that it brought was brought as well, or nobody here had asked for it.
std::size_t first_in_gap(const std::vector<kept_change>& published,
                         const std::vector<std::uint64_t>& before) {
    tally brought;
    for (const auto one : before)
        brought.add(one);
    std::size_t first = 0;
    for (std::size_t i = 0; i < published.size(); ++i) {
        if (brought.take(published[i].fingerprint)) first = i + 1;
    }
    return first;
}

}  // namespace

std::uint64_t fingerprint(const chat::change& c) {
    return std::visit([](const auto& what) { return fingerprint_of(what); }, c);
}

std::size_t tell_in_order(gap_sides gap, const std::function<void(chat::change)>& tell) {
    tally to_come;  // of the overlap
    for (std::size_t i = 0; i < gap.overlap; ++i)
        to_come.add(gap.after[i].fingerprint);
    tally told;  // of the overlap, on the way to something that was published later
    std::size_t next = 0;
    std::size_t missed = 0;
    for (std::size_t i = first_in_gap(gap.published, gap.before); i < gap.published.size(); ++i) {
        auto& [what, mark] = gap.published[i];
        if (told.take(mark)) continue;
        if (!to_come.has(mark)) {
            tell(std::move(what));
            ++missed;
            continue;
        }
        for (bool reached = false; !reached; ++next) {
            auto& brought = gap.after[next];
            to_come.take(brought.fingerprint);
            reached = brought.fingerprint == mark;
            if (!reached) told.add(brought.fingerprint);
            tell(std::move(brought.what));
        }
    }
    for (; next < gap.after.size(); ++next)
        tell(std::move(gap.after[next].what));
    return missed;
}

}  // namespace chat_gateway::gateway
