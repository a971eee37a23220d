// Runs targets on the files of their corpus: fuzz_replay CORPUS TARGET... A target that does not
// hold aborts, after the file's name.
#include "fuzz/fuzz.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#define FUZZ_TARGET(name) extern "C" int fuzz_##name(const std::uint8_t*, std::size_t);
#include "fuzz_targets.inc"
#undef FUZZ_TARGET

namespace {

using target = int (*)(const std::uint8_t*, std::size_t);

const std::map<std::string, target> targets{
#define FUZZ_TARGET(name) {#name, fuzz_##name},
#include "fuzz_targets.inc"
#undef FUZZ_TARGET
};

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t replay(target run, const std::filesystem::path& folder) {
    run(nullptr, 0);
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::printf("%s\n", entry.path().c_str());
        std::fflush(stdout);
        const auto bytes = bytes_of(entry.path());
        run(bytes.data(), bytes.size());
        ++count;
    }
    return count;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fprintf(stderr, "usage: fuzz_replay CORPUS TARGET...\n");
        return 2;
    }
    for (int i = 2; i < argc; ++i) {
        const auto found = targets.find(argv[i]);
        const auto folder = std::filesystem::path(argv[1]) / argv[i];
        if (found == targets.end() || replay(found->second, folder) == 0) {
            std::fprintf(stderr, "fuzz_replay: no target or no corpus: %s\n", argv[i]);
            return 1;
        }
    }
    return 0;
}
