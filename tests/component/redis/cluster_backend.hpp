#pragma once

#include "client.hpp"
#include "cluster_slots.hpp"
#include "support/redis_cluster.hpp"
#include "support/run_until.hpp"

#include <chat_gateway/redis/redis.hpp>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chat_gateway::tests {

/// The cluster that tests share which leave it as they found it; it ends with the program.
inline redis_cluster& shared_cluster() {
    static redis_cluster cluster;
    return cluster;
}

/// A loop, and clients of a Redis Cluster.
class cluster_backend {
public:
    explicit cluster_backend(redis_cluster& c = shared_cluster()) : cluster(c) {}
    ~cluster_backend() {
        for (auto& c : clients_)
            redis::stop(*c);
        run_dry(loop);
    }
    cluster_backend(const cluster_backend&) = delete;
    cluster_backend& operator=(const cluster_backend&) = delete;

    [[nodiscard]] std::vector<redis::url> seeds() const {
        std::vector<redis::url> all(redis_cluster::masters);
        for (std::size_t i = 0; i < all.size(); ++i)
            all[i].port = cluster.port(i);
        return all;
    }
    std::shared_ptr<redis::client> connect(std::string home = "home") {
        return connect(seeds(), std::move(home));
    }
    std::shared_ptr<redis::client> connect(std::vector<redis::url> nodes, std::string home) {
        clients_.push_back(redis::make_client(loop, std::move(nodes), std::move(home)));
        return clients_.back();
    }

    result<redis::reply> ask(redis::client& c, std::string_view key,
                             std::initializer_list<std::string_view> words) {
        std::optional<result<redis::reply>> answer;
        c.execute_at(key, words, [&](result<redis::reply> r) { answer = std::move(r); });
        run_until([&] { return answer.has_value(); });
        return answer ? std::move(*answer) : make_error_code(errc::timeout);
    }
    std::size_t sum(redis::client& c, std::initializer_list<std::string_view> words) {
        std::optional<result<std::size_t>> all;
        c.execute_on_masters(words,
                             [&](auto answers) { all = redis::sum_of_subscribers(answers); });
        run_until([&] { return all.has_value(); });
        return all && *all ? **all : 0;
    }
    void run_until(const std::function<bool()>& done) { tests::run_until(loop, done); }
    /// Until the key can be read again.
    void wait_until_served(redis::client& c, std::string_view key) {
        for (;;) {
            const auto answer = ask(c, key, {"GET", key});
            if (answer && !answer->is_error()) return;
            if (::testing::Test::HasFailure()) return;
        }
    }

    redis_cluster& cluster;
    boost::asio::io_context loop;

private:
    std::vector<std::shared_ptr<redis::client>> clients_;
};

/// A name that nobody has used, in a slot that node `i` of the cluster has at the beginning.
inline std::string name_at(std::size_t i) {
    static int last = 0;
    for (;;) {
        auto name = "name-" + std::to_string(++last);
        if (redis_cluster::home_of(redis::slot_of(name)) == i) return name;
    }
}

}  // namespace chat_gateway::tests
