#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace chat_gateway::gateway {

/// Who of many comes to the most, when most come to nothing. The counts of the others lie close
/// together: to find the busiest 20 of 300,000 takes a walk over a megabyte, not one through the
/// map that they live in. `Node` is an element of that map, which does not move it: `second.rank`
/// is its place here plus 1, 0 for none.
template <class Node>
class ranking {
public:
    [[nodiscard]] std::uint32_t count(const Node& node) const {
        return node.second.rank == 0 ? 0 : counts_[node.second.rank - 1];
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
        if (node.second.rank == 0) return;
        const std::size_t at = node.second.rank - 1;
        nodes_[at] = nodes_.back();
        counts_[at] = counts_.back();
        nodes_[at]->second.rank = node.second.rank;
        nodes_.pop_back();
        counts_.pop_back();
        node.second.rank = 0;
    }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }

    /// At most so many, of those that `wanted(node)`: the one with the highest count first, equals
    /// by `first`. Which of the equals at the end are among them is not said.
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
            return a.first != b.first ? a.first > b.first : a.second->first < b.second->first;
        });
        std::vector<const Node*> found;
        found.reserve(heap.size());
        for (const auto& [count, node] : heap)
            found.push_back(node);
        return found;
    }

private:
    std::uint32_t& place(Node& node) {
        if (node.second.rank == 0) {
            nodes_.push_back(&node);
            counts_.push_back(0);
            node.second.rank = static_cast<std::uint32_t>(nodes_.size());
        }
        return counts_[node.second.rank - 1];
    }

    std::vector<std::uint32_t> counts_;
    std::vector<Node*> nodes_;  ///< in the same order
};

}  // namespace chat_gateway::gateway
