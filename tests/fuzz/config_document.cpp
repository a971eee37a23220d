// A configuration file: its reader, and what is made of it key by key.
#include "config_document.hpp"

#include "fuzz/fuzz.hpp"

#include <chat_gateway/app/config_load.hpp>

#include <algorithm>

using namespace chat_gateway;
using namespace chat_gateway::app;

namespace {

bool is_one_line(const std::string& text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::input(data, size).rest());
    const auto document = parse_config_document(text);
    const auto lines = 1 + static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    const bool whole = !document.root.is_discarded();
    FUZZ_CHECK(whole ? document.line == 0 : document.line >= 1 && document.line <= lines);
    FUZZ_CHECK(whole ? document.column == 0 : document.column >= 1);
    FUZZ_CHECK(std::all_of(document.duplicates.begin(), document.duplicates.end(), is_one_line));

    const auto loaded = load_config({.file = config_file{.name = "file", .text = text}});
    FUZZ_CHECK(whole || !loaded.faults.empty());
    FUZZ_CHECK(std::all_of(loaded.faults.begin(), loaded.faults.end(), is_one_line));
    FUZZ_CHECK(std::all_of(loaded.warnings.begin(), loaded.warnings.end(), is_one_line));
    return 0;
}
