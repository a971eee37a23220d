#include "stream_entry.hpp"

#include <charconv>
#include <utility>

namespace chat_gateway::redis {
namespace {

bool read_number(std::string_view text, std::uint64_t& value) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    return error == std::errc() && stop == end;
}

std::optional<stream_entry> entry_of(reply&& r) {
    if (r.type != reply::kind::array || r.elements.size() != 2) return std::nullopt;
    const auto id = entry_id::parse(r.elements[0].text);
    reply& fields = r.elements[1];
    if (!id || fields.elements.size() % 2 != 0) return std::nullopt;
    stream_entry out{*id, {}};
    out.fields.reserve(fields.elements.size());
    for (auto& f : fields.elements)
        out.fields.push_back(std::move(f.text));
    return out;
}

}  // namespace

std::optional<entry_id> entry_id::parse(std::string_view text) {
    const auto dash = text.find('-');
    entry_id id;
    if (dash == std::string_view::npos || !read_number(text.substr(0, dash), id.ms) ||
        !read_number(text.substr(dash + 1), id.sequence))
        return std::nullopt;
    return id;
}

std::string entry_id::text() const {
    return std::to_string(ms) + '-' + std::to_string(sequence);
}

bool is_missing_key(const reply& r) {
    return r.is_error() && r.text.ends_with("no such key");
}

std::optional<stream_state> state_of(const reply& r) {
    stream_state state;
    if (is_missing_key(r)) {
        state.added = 0;
        return state;
    }
    if (r.type != reply::kind::array) return std::nullopt;
    bool has_last = false;
    for (std::size_t i = 0; i + 1 < r.elements.size(); i += 2) {
        const auto& name = r.elements[i].text;
        const reply& value = r.elements[i + 1];
        if (name == "last-generated-id") {
            const auto id = entry_id::parse(value.text);
            if (!id) return std::nullopt;
            state.last_generated = *id;
            has_last = true;
        } else if (name == "length" && value.type == reply::kind::integer) {
            state.length = static_cast<std::uint64_t>(value.integer);
        } else if (name == "entries-added" && value.type == reply::kind::integer) {
            state.added = static_cast<std::uint64_t>(value.integer);
        } else if (name == "first-entry" && value.type == reply::kind::array) {
            if (value.elements.empty()) return std::nullopt;
            state.oldest = entry_id::parse(value.elements.front().text);
            if (!state.oldest) return std::nullopt;
        }
    }
    return has_last ? std::optional(state) : std::nullopt;
}

std::optional<std::vector<stream_entry>> entries_of(reply&& r) {
    std::vector<stream_entry> entries;
    if (r.type == reply::kind::nil) return entries;
    if (r.type != reply::kind::array) return std::nullopt;
    entries.reserve(r.elements.size());
    for (auto& one : r.elements) {
        // An entry that was deleted while it was being read.
        if (one.type == reply::kind::nil) continue;
        auto entry = entry_of(std::move(one));
        if (!entry) return std::nullopt;
        entries.push_back(std::move(*entry));
    }
    return entries;
}

std::optional<std::vector<stream_entry>> entries_read(reply&& r) {
    if (r.type == reply::kind::nil) return std::vector<stream_entry>();
    if (r.type != reply::kind::array || r.elements.size() != 1) return std::nullopt;
    reply& stream = r.elements.front();
    if (stream.elements.size() != 2) return std::nullopt;
    return entries_of(std::move(stream.elements[1]));
}

}  // namespace chat_gateway::redis
