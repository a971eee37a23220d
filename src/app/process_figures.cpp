#include "process_figures.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>

// jemalloc's, where the program is linked with it; a sanitizer's allocator has no such thing.
extern "C" [[gnu::weak]] int mallctl(const char* name, void* old, std::size_t* old_size,
                                     void* value, std::size_t size);

namespace chat_gateway::app {
namespace {

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// 0: the allocator does not say.
double allocated_bytes() {
    if (!mallctl) return 0;
    std::uint64_t epoch = 1;
    std::size_t size = sizeof epoch;
    if (mallctl("epoch", &epoch, &size, &epoch, size) != 0) return 0;
    std::size_t allocated = 0;
    size = sizeof allocated;
    if (mallctl("stats.allocated", &allocated, &size, nullptr, 0) != 0) return 0;
    return static_cast<double>(allocated);
}

postgres::pool_state pool_of(const stores& s) {
    return s.postgres_pool ? postgres::state_of(*s.postgres_pool) : postgres::pool_state{};
}

}  // namespace

void add_process_figures(gateway::metrics& figures, const stores& s) {
    using std::chrono::system_clock;
    const double start =
        std::chrono::duration<double>(system_clock::now().time_since_epoch()).count();
    const auto add = [&figures](std::string name, std::string labels, std::string help,
                                unique_function<double()> read) {
        figures.add({std::move(name), std::move(labels), std::move(help), std::move(read)});
    };
    add("chat_gateway_build_info", "version=\"" CHAT_GATEWAY_VERSION "\"",
        "1; the version is a label.", [] { return 1.0; });
    add("chat_gateway_start_time_seconds", "", "When the process started, in Unix time.",
        [start] { return start; });
    add("chat_gateway_resident_memory_bytes", "", "Memory that the process has of the system.",
        resident_bytes);
    add("chat_gateway_allocated_memory_bytes", "",
        "Memory that the program has of its allocator; 0 where that does not say.",
        allocated_bytes);
    add("chat_gateway_postgres_workers", "state=\"busy\"", "Connections of the pool, by use.",
        [&s] { return static_cast<double>(pool_of(s).busy); });
    add("chat_gateway_postgres_workers", "state=\"idle\"", "", [&s] {
        const auto pool = pool_of(s);
        return static_cast<double>(pool.workers - pool.busy);
    });
    add("chat_gateway_postgres_queue", "", "Questions that wait for a connection of the pool.",
        [&s] { return static_cast<double>(pool_of(s).queued); });
    add("chat_gateway_connects_total", "store=\"postgres\"",
        "Connections made to a store, the first ones and those after a loss.",
        [&s] { return static_cast<double>(pool_of(s).connects); });
    add("chat_gateway_connects_total", "store=\"redis\"", "",
        [] { return static_cast<double>(redis::connections_made()); });
}

}  // namespace chat_gateway::app
