// The re-reading of live sessions by itself: so many logins, one services loop, a real Redis.
//   bench_recheck REDIS_URL SESSIONS PERIOD_MS SECONDS
// Sessions are `sess:bench-<n>` of users `user-<n>`, put there before. Prints a JSON object a line:
// what they take when all are registered, what it costs to re-read them for SECONDS, and, after a
// line `gone N` on standard input, how long it took to notice that N of them are gone.
#include "rights_check.hpp"

#include <chat_gateway/memory/memory.hpp>
#include <chat_gateway/net/event_loop.hpp>
#include <chat_gateway/redis/redis.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace chat_gateway;
using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

long resident_kib() {
    std::ifstream statm("/proc/self/statm");
    long size = 0;
    long resident = 0;
    statm >> size >> resident;
    return resident * (::sysconf(_SC_PAGESIZE) / 1024);
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto of = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return of(used.ru_utime) + of(used.ru_stime);
}

class bench {
public:
    bench(redis::url where, std::size_t sessions, milliseconds period, seconds measured)
        : count_(sessions),
          measured_(measured),
          redis_(redis::make_client(loop_.context(), {where}, "sess:")),
          store_(redis::make_session_store(redis_, "sess:", where.database)),
          rights_({.period = period, .user_pointer = "/passport/user"}, loop_, *store_, directory_,
                  counts_, [this](const auto& who, std::string_view) { cut(who); }) {}

    int run() {
        loop_.after(milliseconds(500), [this] { register_all(); });
        std::thread gone([this] {
            std::string word;
            std::size_t number = 0;
            if (std::cin >> word >> number) loop_.post([this, number] { wait_for_cuts(number); });
        });
        loop_.run();
        gone.join();
        redis::stop(*redis_);
        return 0;
    }

private:
    /// Its sockets go, and with them the session from the registry.
    void cut(const chat::login_ref& who) {
        ++cut_;
        loop_.post([this, who] { rights_.remove(*who); });
    }

    void register_all() {
        const long before = resident_kib();
        logins_.reserve(count_);
        for (std::size_t n = 0; n < count_; ++n) {
            // As the shards do: one of each session, shared by all who refer to it.
            logins_.push_back(std::make_shared<const chat::login>("user-" + std::to_string(n),
                                                                  "bench-" + std::to_string(n)));
        }
        const long with_logins = resident_kib();
        for (const auto& who : logins_)
            rights_.add(who);
        const long after = resident_kib();
        std::printf("{\"sessions\":%zu,\"login_bytes\":%.0f,\"registry_bytes\":%.0f}\n", count_,
                    per_session(with_logins - before), per_session(after - with_logins));
        std::fflush(stdout);
        measure();
    }
    [[nodiscard]] double per_session(long kib) const {
        return static_cast<double>(kib) * 1024 / static_cast<double>(count_);
    }

    void measure() {
        const double cpu = cpu_seconds();
        const auto reads = counts_.load(gateway::metric::sessions_rechecked);
        last_tick_ = loop_.now();
        tick();
        loop_.after(measured_, [this, cpu, reads, rss = resident_kib()] {
            const auto read = counts_.load(gateway::metric::sessions_rechecked) - reads;
            std::printf(
                "{\"reads\":%lu,\"failed\":%lu,\"seconds\":%ld,\"cpu_percent\":%.2f,"
                "\"cpu_us_per_read\":%.2f,\"longest_stall_ms\":%.1f,\"rss_growth_kib\":%ld,"
                "\"cut\":%zu}\n",
                static_cast<unsigned long>(read),
                static_cast<unsigned long>(counts_.load(gateway::metric::rechecks_unavailable)),
                static_cast<long>(measured_.count()),
                100 * (cpu_seconds() - cpu) / static_cast<double>(measured_.count()),
                1e6 * (cpu_seconds() - cpu) / static_cast<double>(std::max(read, 1UL)),
                longest_.count(), resident_kib() - rss, cut_);
            std::fflush(stdout);
        });
    }
    /// How long the loop does nothing else.
    void tick() {
        const auto now = loop_.now();
        longest_ = std::max<duration<double, std::milli>>(longest_, now - last_tick_ - pace);
        last_tick_ = now;
        loop_.after(pace, [this] { tick(); });
    }

    void wait_for_cuts(std::size_t number) {
        const auto since = loop_.now();
        wait_for_cuts(number, since);
    }
    void wait_for_cuts(std::size_t number, time_point since) {
        if (cut_ < number) {
            loop_.after(milliseconds(1), [this, number, since] { wait_for_cuts(number, since); });
            return;
        }
        std::printf("{\"gone\":%zu,\"noticed_ms\":%ld}\n", cut_,
                    static_cast<long>(duration_cast<milliseconds>(loop_.now() - since).count()));
        std::fflush(stdout);
        loop_.stop();
    }

    static constexpr milliseconds pace{1};

    const std::size_t count_;
    const seconds measured_;
    net::event_loop loop_;
    gateway::metrics figures_;
    gateway::metrics_block& counts_ = figures_.make_block();
    memory::chat_directory directory_{loop_};
    std::shared_ptr<redis::client> redis_;
    std::unique_ptr<chat::session_store> store_;
    std::size_t cut_ = 0;
    gateway::rights_check rights_;
    std::vector<chat::login_ref> logins_;
    time_point last_tick_{};
    duration<double, std::milli> longest_{};
};

}  // namespace

int main(int argc, char** argv) {
    const auto where = argc == 5 ? redis::parse_url(argv[1])
                                 : result<redis::url>(make_error_code(errc::malformed));
    if (!where) {
        std::fprintf(stderr, "usage: bench_recheck REDIS_URL SESSIONS PERIOD_MS SECONDS\n");
        return 2;
    }
    bench b(*where, std::strtoull(argv[2], nullptr, 10), milliseconds(std::atol(argv[3])),
            seconds(std::atol(argv[4])));
    return b.run();
}
