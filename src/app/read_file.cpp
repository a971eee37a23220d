#include "read_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>

namespace chat_gateway::app {
namespace {

boost::system::error_code last_error() {
    return {errno, boost::system::generic_category()};
}

struct closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

result<std::string> read_file(const std::string& path, std::size_t limit) {
    const std::unique_ptr<std::FILE, closer> file(std::fopen(path.c_str(), "rb"));
    if (!file) return last_error();
    std::string text;
    std::array<char, 16384> piece{};
    while (const auto length = std::fread(piece.data(), 1, piece.size(), file.get())) {
        text.append(piece.data(), length);
        if (text.size() > limit) return make_error_code(errc::too_large);
    }
    if (std::ferror(file.get()) != 0) return last_error();
    return text;
}

}  // namespace chat_gateway::app
