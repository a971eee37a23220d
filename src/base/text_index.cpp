#include <chat_gateway/base/text_map.hpp>

#include <boost/unordered/unordered_flat_set.hpp>

#include <functional>

namespace chat_gateway {
namespace {

struct wanted {
    std::string_view text;
    std::uint32_t hash;
};

struct spread {
    using is_transparent = void;
    using is_avalanching = void;
    /// The table takes its place from the high bits and its tag from the low ones.
    static std::size_t of(std::uint32_t hash) {
        const std::uint64_t wide = hash * 0x9E3779B97F4A7C15ULL;
        return wide ^ wide >> 32;
    }
    std::size_t operator()(const text_key* key) const { return of(key->hash); }
    std::size_t operator()(const wanted& w) const { return of(w.hash); }
};

struct same {
    using is_transparent = void;
    bool operator()(const text_key* a, const text_key* b) const { return a == b; }
    bool operator()(const wanted& w, const text_key* key) const {
        return key->hash == w.hash && key->text() == w.text;
    }
    bool operator()(const text_key* key, const wanted& w) const { return (*this)(w, key); }
};

}  // namespace

struct text_index::table {
    boost::unordered_flat_set<text_key*, spread, same> keys;
};

text_index::text_index() = default;
text_index::text_index(text_index&& other) noexcept = default;
text_index& text_index::operator=(text_index&& other) noexcept = default;
text_index::~text_index() = default;

std::uint32_t text_index::hash_of(std::string_view text) {
    return static_cast<std::uint32_t>(std::hash<std::string_view>{}(text));
}

text_key* text_index::find(std::string_view text, std::uint32_t hash) const {
    if (!table_) return nullptr;
    const auto found = table_->keys.find(wanted{text, hash});
    return found == table_->keys.end() ? nullptr : *found;
}

void text_index::insert(text_key* key) {
    if (!table_) table_ = std::make_unique<table>();
    table_->keys.insert(key);
}

void text_index::erase(text_key* key) {
    table_->keys.erase(key);
}

std::size_t text_index::size() const {
    return table_ ? table_->keys.size() : 0;
}

void text_index::walk(bool (*f)(void*, text_key*), void* context) const {
    if (!table_) return;
    for (text_key* key : table_->keys) {
        if (!f(context, key)) return;
    }
}

}  // namespace chat_gateway
