#include "process_usage.hpp"

#include <filesystem>
#include <fstream>
#include <string>

namespace bench {

usage usage_of(const std::vector<pid_t>& processes) {
    usage sum;
    for (const auto pid : processes) {
        const std::filesystem::path process = "/proc/" + std::to_string(pid);
        std::error_code gone;
        for (const auto& task : std::filesystem::directory_iterator(process / "task", gone)) {
            std::uint64_t ns = 0;
            if (std::ifstream(task.path() / "schedstat") >> ns) sum.cpu_ns += ns;
        }
        std::ifstream status(process / "status");
        for (std::string word; status >> word;) {
            std::uint64_t kb = 0;
            if (word == "VmRSS:" && status >> kb) sum.rss_kb += kb;
        }
    }
    return sum;
}

}  // namespace bench
