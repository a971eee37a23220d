#pragma once

#include "fake_redis.hpp"

#include <array>
#include <functional>
#include <string>
#include <utility>

namespace chat_gateway::redis {

/// Three fake nodes that tell the map which the test gives them: node 0 has the slots of key `k0`,
/// and so on. Other commands get their words back.
class fake_cluster {
public:
    static constexpr std::size_t size = 3;

    explicit fake_cluster(boost::asio::io_context& loop)
        : nodes{fake_redis(loop), fake_redis(loop), fake_redis(loop)} {
        for (std::size_t i = 0; i < size; ++i) {
            ports[i] = std::stoi(nodes[i].where().port);
            nodes[i].answer = [this, i](const fake_redis::command& c) { return answer(i, c); };
        }
        for (auto& slots : told)
            slots = ranges({0, 1, 2});
    }
    fake_cluster(const fake_cluster&) = delete;
    fake_cluster& operator=(const fake_cluster&) = delete;

    /// CLUSTER SLOTS: who has the first, second and last part; all in thirds.
    [[nodiscard]] std::string ranges(std::array<std::size_t, size> owners) const {
        const std::array<int, size + 1> begin{0, 5461, 10922, 16384};
        std::string text = "*3\r\n";
        for (std::size_t i = 0; i < size; ++i) {
            text += "*3\r\n:" + std::to_string(begin[i]) +
                    "\r\n:" + std::to_string(begin[i + 1] - 1) +
                    "\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(ports[owners[i]]) + "\r\n";
        }
        return text;
    }
    /// A redirection: `MOVED 5 ` and where to.
    [[nodiscard]] std::string to(const std::string& what, std::size_t node) const {
        return "-" + what + " 127.0.0.1:" + std::to_string(ports[node]) + "\r\n";
    }
    void close() {
        for (auto& n : nodes)
            n.close();
    }

    std::array<int, size> ports{};
    std::array<std::string, size> told;  ///< what each says to CLUSTER SLOTS
    std::array<bool, size> cut_off{};    ///< from the others
    std::array<int, size> asked{};       ///< CLUSTER SLOTS, so often
    std::function<std::string(std::size_t, const fake_redis::command&)> other =
        [](std::size_t, const fake_redis::command& c) { return "+" + c.back() + "\r\n"; };
    std::array<fake_redis, size> nodes;

private:
    std::string answer(std::size_t i, const fake_redis::command& c) {
        if (c.front() == "PING") return "+PONG\r\n";
        if (c.front() != "CLUSTER") return other(i, c);
        if (c.back() == "INFO") {
            const std::string text = cut_off[i] ? "cluster_state:fail\r\n" : "cluster_state:ok\r\n";
            return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
        }
        ++asked[i];
        return told[i];
    }
};

}  // namespace chat_gateway::redis
