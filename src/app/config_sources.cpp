#include "config_sources.hpp"

#include "read_file.hpp"

#include <cstddef>
#include <utility>

namespace chat_gateway::app {
namespace {

constexpr std::size_t largest_file = 1'048'576;

}  // namespace

std::variant<config_sources, std::string> read_sources(const origin& from, bool demo) {
    config_sources sources{.variables = from.variables, .demo = demo};
    if (!from.config_file) return sources;
    auto text = read_file(*from.config_file, largest_file);
    if (!text) {
        return *from.config_file + ": cannot be read: " + text.error().message() +
               "; accepted: a readable file of up to 1 MiB";
    }
    sources.file = config_file{*from.config_file, std::move(*text)};
    return sources;
}

}  // namespace chat_gateway::app
