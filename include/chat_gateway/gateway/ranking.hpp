#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// Who of many comes to the most, when most come to nothing. The counts of the others lie close
/// together: to find the busiest 20 of 300,000 takes a walk over a megabyte, not one through the
/// map that they live in. `Node` is an element of that map, which does not move it (a text_map's,
/// or a std::unordered_map's): its value's `rank` is its place here plus 1, 0 for none.
template <class Node>
class ranking {
public:
    [[nodiscard]] std::uint32_t count(const Node& node) const {
        const std::uint32_t rank = rank_of(node);
        return rank == 0 ? 0 : counts_[rank - 1];
    }
    /// Stays at the most it can be.
    void raise(Node& node) {
        std::uint32_t& n = place(node);
        if (n != ~std::uint32_t{0}) ++n;
    }
    void set(Node& node, std::uint32_t count) {
        if (count == 0) return forget(node);
        place(node) = count;
    }
    /// Before a node goes.
    void forget(Node& node) {
        const std::uint32_t rank = std::exchange(rank_of(node), 0);
        if (rank == 0) return;
        const std::size_t at = rank - 1;
        if (at + 1 != nodes_.size()) {
            nodes_[at] = nodes_.back();
            counts_[at] = counts_.back();
            rank_of(*nodes_[at]) = rank;
        }
        nodes_.pop_back();
        counts_.pop_back();
    }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    /// At most so many, of those that `wanted(node)`: the one with the highest count first, equals
    /// by key. Which of the equals at the end are among them is not said.
    template <class Wanted>
    [[nodiscard]] std::vector<const Node*> highest(std::size_t most, Wanted&& wanted) const {
        using entry = std::pair<std::uint32_t, const Node*>;
        std::vector<entry> heap;  // the lowest in front, which goes when a higher one comes
        const auto higher = [](const entry& a, const entry& b) { return a.first > b.first; };
        for (std::size_t n = 0; n < counts_.size() && most != 0; ++n) {
            const bool full = heap.size() == most;
            if (full && counts_[n] <= heap.front().first) continue;
            if (!wanted(*nodes_[n])) continue;
            if (full) {
                std::ranges::pop_heap(heap, higher);
                heap.pop_back();
            }
            heap.emplace_back(counts_[n], nodes_[n]);
            std::ranges::push_heap(heap, higher);
        }
        std::ranges::sort(heap, [](const entry& a, const entry& b) {
            return a.first != b.first ? a.first > b.first : key_of(*a.second) < key_of(*b.second);
        });
        std::vector<const Node*> found;
        found.reserve(heap.size());
        for (const auto& [count, node] : heap)
            found.push_back(node);
        return found;
    }

private:
    template <class N>
    static auto& rank_of(N& node) {
        if constexpr (requires { node.second; })
            return node.second.rank;
        else
            return node.value.rank;
    }
    static decltype(auto) key_of(const Node& node) {
        if constexpr (requires { node.second; })
            return (node.first);
        else
            return node.key();
    }
    std::uint32_t& place(Node& node) {
        std::uint32_t& rank = rank_of(node);
        if (rank == 0) {
            nodes_.push_back(&node);
            counts_.push_back(0);
            rank = static_cast<std::uint32_t>(nodes_.size());
        }
        return counts_[rank - 1];
    }

    std::vector<std::uint32_t> counts_;
    std::vector<Node*> nodes_;  ///< in the same order
};

}  // namespace chat_gateway::gateway
