// Writes the files about the configuration that are made of its table, or checks that they are
// current.
//   config_docs write DIR | config_docs check DIR      DIR: the top folder of the sources
#include <chat_gateway/app/config_reference.hpp>

#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

struct made_file {
    std::string_view path;
    std::string (*make)();
};

constexpr std::array<made_file, 3> files{{
    {"config/chat-gateway.schema.json", chat_gateway::app::config_schema},
    {"config/chat-gateway.json", chat_gateway::app::config_example},
    {"docs/configuration.md", chat_gateway::app::config_markdown},
}};

bool write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << text << std::flush;
    if (!out) std::cerr << path << ": cannot be written\n";
    return static_cast<bool>(out);
}

bool check(const std::filesystem::path& path, const std::string& text) {
    std::ifstream in(path, std::ios::binary);
    const std::string found{std::istreambuf_iterator<char>(in), {}};
    if (found == text) return true;
    std::cerr << path
              << ": is not what config_table says; see docs/configuration.md, last section\n";
    return false;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view mode = argc == 3 ? argv[1] : "";
    if (mode != "write" && mode != "check") {
        std::cerr << "usage: config_docs write|check DIR\n";
        return 2;
    }
    bool good = true;
    for (const auto& [path, make] : files) {
        const auto whole = std::filesystem::path(argv[2]) / path;
        good = (mode == "write" ? write(whole, make()) : check(whole, make())) && good;
    }
    return good ? 0 : 1;
}
