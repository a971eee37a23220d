#pragma once

#include "redis_server.hpp"
#include "tls_certificates.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/time.h>
#include <thread>
#include <vector>

namespace chat_gateway::tests {

/// A real Redis Cluster on loopback: three masters with a third of the slots each and, if asked
/// for, a replica of each. Its own commands go over a blocking connection each.
class redis_cluster {
public:
    static constexpr std::size_t masters = 3;
    static constexpr unsigned slots = 16384;

    /// With `tls` it has a second port, for clients that encrypt, and its nodes encrypt what they
    /// say to each other.
    explicit redis_cluster(bool replicas = false, std::vector<std::string> arguments = {},
                           const tls_certificates* tls = nullptr) {
        for (std::size_t i = 0; i < (replicas ? 2 : 1) * masters; ++i) {
            std::vector<std::string> all{"--cluster-enabled",
                                         "yes",
                                         "--cluster-node-timeout",
                                         "2000",
                                         "--cluster-port",
                                         std::to_string(redis_server::free_port()),
                                         "--repl-diskless-sync-delay",
                                         "0"};
            cluster_ports_.push_back(all[5]);
            if (tls != nullptr) {
                tls_ports_.push_back(std::to_string(redis_server::free_port()));
                for (const auto& word : std::vector<std::string>{
                         "--tls-port", tls_ports_.back(), "--tls-cluster", "yes", "--tls-cert-file",
                         tls->file("server.pem"), "--tls-key-file", tls->file("server.key"),
                         "--tls-ca-cert-file", tls->file("ca.pem"), "--tls-auth-clients", "no"})
                    all.push_back(word);
            }
            all.insert(all.end(), arguments.begin(), arguments.end());
            nodes_.push_back(std::make_unique<redis_server>(std::move(all)));
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (i < masters) {
                expect_ok(i, "CLUSTER ADDSLOTSRANGE " + std::to_string(first_slot(i)) + ' ' +
                                 std::to_string(first_slot(i + 1) - 1));
            }
            expect_ok(i, "CLUSTER SET-CONFIG-EPOCH " + std::to_string(i + 1));
            if (i > 0)
                expect_ok(0, "CLUSTER MEET 127.0.0.1 " +
                                 (tls == nullptr ? port(i) : tls_ports_[i]) + ' ' +
                                 cluster_ports_[i]);
        }
        for (std::size_t i = masters; i < nodes_.size(); ++i) {
            until([&] { return said(i, "CLUSTER NODES").find(id(i - masters)) != npos; });
            expect_ok(i, "CLUSTER REPLICATE " + id(i - masters));
        }
        wait_until_whole();
        for (std::size_t i = masters; i < nodes_.size(); ++i)
            until([&] { return said(i, "INFO replication").find("link_status:up") != npos; });
    }

    redis_server& node(std::size_t i) { return *nodes_.at(i); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] std::string port(std::size_t i) const { return nodes_.at(i)->port(); }
    [[nodiscard]] std::string tls_port(std::size_t i) const { return tls_ports_.at(i); }
    /// The master that has the slot at the beginning.
    static std::size_t home_of(unsigned slot) {
        std::size_t i = 0;
        while (slot >= first_slot(i + 1))
            ++i;
        return i;
    }

    void stop() {
        for (auto& n : nodes_)
            n->stop();
    }
    void start() {
        for (auto& n : nodes_)
            n->start();
        wait_until_whole();
    }
    /// Until each node has heard of all, and of who has which slot.
    void wait_until_whole() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            until([&] {
                const auto info = said(i, "CLUSTER INFO");
                return info.find("cluster_state:ok") != npos &&
                       info.find("cluster_slots_ok:16384") != npos &&
                       info.find("cluster_known_nodes:" + std::to_string(nodes_.size())) != npos;
            });
        }
    }
    void wait_until_master(std::size_t i) {
        until([&] {
            return said(i, "ROLE").starts_with("master") &&
                   said(i, "CLUSTER INFO").find("cluster_state:ok") != npos;
        });
    }

    /// From now on `from` sends clients that ask for keys it does not have to `to`.
    void begin_move(unsigned slot, std::size_t from, std::size_t to) {
        const auto setslot = "CLUSTER SETSLOT " + std::to_string(slot);
        expect_ok(to, setslot + " IMPORTING " + id(from));
        expect_ok(from, setslot + " MIGRATING " + id(to));
    }
    void move_key(const std::string& key, std::size_t from, std::size_t to) {
        expect_ok(from, "MIGRATE 127.0.0.1 " + port(to) + ' ' + key + " 0 5000");
    }
    void end_move(unsigned slot, std::size_t from, std::size_t to) {
        const auto setslot = "CLUSTER SETSLOT " + std::to_string(slot) + " NODE " + id(to);
        expect_ok(to, setslot);
        expect_ok(from, setslot);
        for (std::size_t i = 0; i < masters; ++i) {
            if (i != to && i != from) expect_ok(i, setslot);
        }
        // What nodes have said before may still be on its way, and a next move would meet it.
        const auto owner = id(to);
        const auto epoch = seen(to, owner).epoch;
        for (std::size_t i = 0; i < masters; ++i) {
            until([&] {
                const auto view = seen(i, owner);
                return view.epoch == epoch && view.has(slot);
            });
        }
    }
    void move(unsigned slot, std::size_t from, std::size_t to) {
        begin_move(slot, from, to);
        end_move(slot, from, to);
    }

    /// What node `i` says to an inline command: a line, or the text of a bulk string; of an array,
    /// the first element.
    std::string said(std::size_t i, const std::string& command) {
        const int fd = connect(i);
        const auto line = command + "\r\n";
        if (::send(fd, line.data(), line.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(line.size())) {
            ::close(fd);
            return {};
        }
        auto first = read_line(fd);
        if (first.starts_with('*')) first = read_line(fd);
        std::string answer = first.empty() ? first : first.substr(1);
        if (first.starts_with('$')) answer = read_bytes(fd, std::strtoul(&first[1], nullptr, 10));
        ::close(fd);
        return answer;
    }
    std::string id(std::size_t i) { return said(i, "CLUSTER MYID"); }

private:
    static constexpr auto npos = std::string::npos;
    static constexpr unsigned first_slot(std::size_t i) {
        return static_cast<unsigned>(i * slots / masters);
    }

    struct node_view {
        std::string epoch{};
        std::vector<std::string> ranges{};  ///< of slots: 7, or 1-5
        [[nodiscard]] bool has(unsigned slot) const {
            return std::ranges::any_of(ranges, [&](const std::string& range) {
                const auto dash = range.find('-');
                const auto first = std::stoul(range);
                const auto last = dash == npos ? first : std::stoul(range.substr(dash + 1));
                return first <= slot && slot <= last;
            });
        }
    };
    /// What node `i` knows of the node with this id: a line of CLUSTER NODES.
    node_view seen(std::size_t i, const std::string& whom) {
        std::istringstream lines(said(i, "CLUSTER NODES"));
        for (std::string line; std::getline(lines, line);) {
            std::istringstream words(line);
            std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
            if (fields.size() < 8 || fields[0] != whom) continue;
            node_view view{fields[6]};
            for (std::size_t f = 8; f < fields.size(); ++f) {
                if (!fields[f].starts_with('[')) view.ranges.push_back(fields[f]);
            }
            return view;
        }
        return {};
    }

    void expect_ok(std::size_t i, const std::string& command) {
        const auto answer = said(i, command);
        if (answer != "OK") throw std::runtime_error("redis cluster: " + command + ": " + answer);
    }
    template <class Done>
    void until(Done done) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!done()) {
            if (std::chrono::steady_clock::now() > end)
                throw std::runtime_error("redis cluster does not come up");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }

    int connect(std::size_t i) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{10, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port(i))));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
            ::close(fd);
            throw std::system_error(errno, std::generic_category(), "connect to redis");
        }
        return fd;
    }
    static std::string read_line(int fd) {
        std::string line;
        char c = 0;
        while (::recv(fd, &c, 1, 0) == 1 && c != '\n') {
            if (c != '\r') line += c;
        }
        return line;
    }
    static std::string read_bytes(int fd, std::size_t size) {
        std::string bytes(size, '\0');
        if (::recv(fd, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) return {};
        return bytes;
    }

    std::vector<std::string> cluster_ports_;
    std::vector<std::string> tls_ports_;
    std::vector<std::unique_ptr<redis_server>> nodes_;
};

}  // namespace chat_gateway::tests
