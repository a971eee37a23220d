// The load of the benchmarks: many clients in several processes, and the publisher that feeds them
// through Redis. Prints a line of JSON when all are connected and one behind each phase.
#include "crowd.hpp"
#include "options.hpp"
#include "process_usage.hpp"
#include "publisher.hpp"
#include "shared.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <unistd.h>

namespace {

using namespace bench;
using namespace std::chrono_literals;

/// For all clients to connect.
constexpr auto connect_patience = 120s;
std::uint64_t since(std::uint64_t began) {
    return monotonic_ns() - began;
}

std::uint64_t ns(std::chrono::nanoseconds time) {
    return static_cast<std::uint64_t>(time.count());
}

class load_run {
public:
    explicit load_run(options o) : options_(std::move(o)), before_(usage_of(options_.servers)) {}

    int run() {
        if (!connect()) return 1;
        for (const auto& p : options_.phases)
            perform(p);
        return 0;
    }

private:
    bool connect() {
        const auto settled = [&] {
            return crowd_.sum(&worker_report::connected) + crowd_.sum(&worker_report::lost);
        };
        const auto began = monotonic_ns();
        while (settled() < options_.clients.size() && since(began) < ns(connect_patience)) {
            std::this_thread::sleep_for(5ms);
            crowd_.check();
        }
        const auto connected = crowd_.sum(&worker_report::connected);
        const auto took = since(began);
        std::this_thread::sleep_for(300ms);  // for what the last handshakes leave to be done
        const usage after = usage_of(options_.servers);
        std::printf(
            R"({"event":"connected","clients":%lu,"lost":%lu,"seconds":%.3f,"cpu_us_per_client":%.2f,)"
            R"("handshake_p50_us":%lu,"handshake_p99_us":%lu,"rss_before_kb":%lu,"rss_kb":%lu})"
            "\n",
            connected, crowd_.sum(&worker_report::lost), double(took) / 1e9,
            double(after.cpu_ns - before_.cpu_ns) / 1000 / double(options_.clients.size()),
            crowd_.quantile(&worker_report::handshake, 0.5),
            crowd_.quantile(&worker_report::handshake, 0.99), before_.rss_kb, after.rss_kb);
        std::fflush(stdout);
        return connected == options_.clients.size();
    }

    /// Where the counters stand; a phase is the difference of two.
    struct standing {
        std::uint64_t at = monotonic_ns();
        std::uint64_t delivered, doubled, reordered, lost, pings;
        usage server, load, beside;
        machine_usage machine = usage_of_machine();
    };

    [[nodiscard]] standing stand() const {
        auto load = crowd_.processes();
        load.push_back(getpid());
        return {.delivered = crowd_.sum(&worker_report::delivered),
                .doubled = crowd_.sum(&worker_report::doubled),
                .reordered = crowd_.sum(&worker_report::reordered),
                .lost = crowd_.sum(&worker_report::lost),
                .pings = crowd_.sum(&worker_report::pings),
                .server = usage_of(options_.servers),
                .load = usage_of(load),
                .beside = usage_of(options_.beside)};
    }

    void perform(const phase& p) {
        crowd_.clear_latency();
        messages_ = 0;
        owed_ = 0;
        const standing before = stand();
        delivered_before_ = before.delivered;
        if (p.what == phase::kind::idle)
            std::this_thread::sleep_for(std::chrono::duration<double>(p.seconds));
        else if (p.what == phase::kind::rate)
            publish_evenly(p, before.at);
        else
            saturate(p, before.at);
        await_last();
        print(p, before, stand());
    }

    void print(const phase& p, const standing& before, const standing& after) const {
        const auto ratio = [](double a, double b) { return b == 0 ? 0.0 : a / b; };
        const auto reached = after.delivered - before.delivered;
        const auto ns_taken = double(after.at - before.at);
        const auto cpu_ns = double(after.server.cpu_ns - before.server.cpu_ns);
        std::printf(
            R"({"event":"phase","name":"%s","seconds":%.3f,"messages":%lu,"deliveries":%lu,)"
            R"("missed":%ld,"doubled":%lu,"reordered":%lu,"lost":%lu,"pings":%lu,)"
            R"("cpu_us":%.0f,"cpu_us_per_delivery":%.3f,"cpu_us_per_message":%.3f,)"
            R"("server_percent":%.2f,"wanted_percent":%.1f,"load_percent":%.1f,)"
            R"("beside_percent":%.1f,"machine_percent":%.1f,)"
            R"("p50_us":%lu,"p99_us":%lu,"rss_kb":%lu})"
            "\n",
            p.name.c_str(), ns_taken / 1e9, messages_, reached, long(owed_) - long(reached),
            after.doubled - before.doubled, after.reordered - before.reordered,
            after.lost - before.lost, after.pings - before.pings, cpu_ns / 1000,
            ratio(cpu_ns / 1000, double(reached)), ratio(cpu_ns / 1000, double(messages_)),
            100 * cpu_ns / ns_taken,
            100 * double(most_wanted_ns(before.server, after.server)) / ns_taken,
            100 * double(after.load.cpu_ns - before.load.cpu_ns) / ns_taken,
            100 * double(after.beside.cpu_ns - before.beside.cpu_ns) / ns_taken,
            100 * ratio(double(after.machine.busy - before.machine.busy),
                        double(after.machine.all - before.machine.all)),
            crowd_.quantile(&worker_report::latency, 0.5),
            crowd_.quantile(&worker_report::latency, 0.99), after.server.rss_kb);
        std::fflush(stdout);
    }

    void publish_evenly(const phase& p, std::uint64_t began) {
        const auto total = static_cast<std::uint64_t>(p.rate * p.seconds);
        for (std::uint64_t i = 0; i < total; ++i) {
            const auto due = began + static_cast<std::uint64_t>(double(i) * 1e9 / p.rate);
            const timespec at{static_cast<time_t>(due / 1'000'000'000),
                              static_cast<long>(due % 1'000'000'000)};
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr);
            publish_one();
            publisher_.flush();
        }
    }

    /// Where the cores are few the server has to be the last to get one: it would wait for clients
    /// else, which in earnest have machines of their own, and write each message as it comes.
    void saturate(const phase& p, std::uint64_t began) {
        set_background(options_.servers, true);
        publish_all_it_takes(p, began);
        if (!set_background(options_.servers, false) && &p != &options_.phases.back()) {
            std::fprintf(stderr,
                         "bench_load: %s: only root can give the server its priority back\n",
                         p.name.c_str());
        }
    }

    /// As much as the window has room for, so that the server always has something to do.
    void publish_all_it_takes(const phase& p, std::uint64_t began) {
        constexpr double at_once = 100;
        const auto length = static_cast<std::uint64_t>(p.seconds * 1e9);
        while (since(began) < length) {
            const double per_message =
                messages_ == 0 ? 1 : std::max(1e-3, double(owed_) / double(messages_));
            const double window = std::min(double(options_.window_deliveries),
                                           double(options_.window_messages) * per_message);
            const double room = (window - std::max(0.0, double(under_way()))) / per_message;
            if (room < 1) {
                std::this_thread::sleep_for(100us);
                continue;
            }
            for (double i = 0; i < std::min(room, at_once); ++i)
                publish_one();
            publisher_.flush();
        }
    }

    void publish_one() {
        owed_ += publisher_.add();
        ++messages_;
    }

    /// Below zero if something of the phase before came after all.
    [[nodiscard]] std::int64_t under_way() const {
        const auto delivered = crowd_.sum(&worker_report::delivered) - delivered_before_;
        return static_cast<std::int64_t>(owed_) - static_cast<std::int64_t>(delivered);
    }

    void await_last() {
        auto last = under_way();
        auto progress = monotonic_ns();
        while (last > 0 && since(progress) < ns(options_.patience)) {
            std::this_thread::sleep_for(1ms);
            crowd_.check();
            const auto now = under_way();
            if (now != last) progress = monotonic_ns();
            last = now;
        }
    }

    options options_;
    usage before_;
    crowd crowd_{options_};
    publisher publisher_{options_};
    // Of the phase:
    std::uint64_t messages_ = 0;
    std::uint64_t owed_ = 0;  ///< deliveries that its messages make
    std::uint64_t delivered_before_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    return load_run(parse_options(argc, argv)).run();
}
