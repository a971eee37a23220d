#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace chat_gateway {

/// What a text_map keeps of an entry's key; its characters stand behind it.
struct text_key {
    std::uint32_t hash;
    std::uint32_t length;
    [[nodiscard]] std::string_view text() const {
        return {reinterpret_cast<const char*>(this + 1), length};
    }
};

/// Finds keys that somebody else owns. For text_map.
class text_index {
public:
    text_index();
    text_index(text_index&& other) noexcept;
    text_index& operator=(text_index&& other) noexcept;
    ~text_index();

    [[nodiscard]] static std::uint32_t hash_of(std::string_view text);
    /// nullptr: not there.
    [[nodiscard]] text_key* find(std::string_view text, std::uint32_t hash) const;
    /// One that is not there yet.
    void insert(text_key* key);
    void erase(text_key* key);
    [[nodiscard]] std::size_t size() const;
    /// Calls f(context, key) for each in no order until it returns false. f must not change the
    /// index.
    void walk(bool (*f)(void*, text_key*), void* context) const;

private:
    struct table;
    std::unique_ptr<table> table_;
};

/// A map from text for tables that have an entry for each room, user or connection: an entry is one
/// allocation of 8 bytes, the value and the characters of the key, and some 14 bytes of the index
/// (std::unordered_map<std::string, T>: two allocations and 60 bytes). Looking one up reads one
/// place in memory beside the index. References to entries stay valid while these live. Keys are
/// shorter than 4 GiB. Not thread-safe.
template <class T>
class text_map {
public:
    class entry {
    public:
        [[nodiscard]] std::string_view key() const { return at()->text(); }
        [[no_unique_address]] T value;

    private:
        friend class text_map;
        static constexpr std::size_t align = alignof(text_key);
        static constexpr std::size_t offset =
            std::is_empty_v<T> ? 0 : (sizeof(T) + align - 1) / align * align;
        static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

        template <class... Args>
        explicit entry(Args&&... args) : value(std::forward<Args>(args)...) {}
        [[nodiscard]] const text_key* at() const {
            return reinterpret_cast<const text_key*>(reinterpret_cast<const char*>(this) + offset);
        }
        [[nodiscard]] text_key* at() { return const_cast<text_key*>(std::as_const(*this).at()); }
        [[nodiscard]] static entry* of(text_key* key) {
            return reinterpret_cast<entry*>(reinterpret_cast<char*>(key) - offset);
        }
    };

    text_map() = default;
    text_map(text_map&& other) noexcept = default;
    text_map& operator=(text_map&& other) noexcept {
        if (this == &other) return *this;
        clear();
        index_ = std::move(other.index_);
        return *this;
    }
    ~text_map() { clear(); }

    /// nullptr: not there.
    [[nodiscard]] entry* find(std::string_view key) {
        text_key* found = index_.find(key, text_index::hash_of(key));
        return found ? entry::of(found) : nullptr;
    }
    [[nodiscard]] const entry* find(std::string_view key) const {
        return const_cast<text_map*>(this)->find(key);
    }
    [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }

    /// The entry of that key, and whether it is new, with a value made of `args`.
    template <class... Args>
    std::pair<entry&, bool> try_emplace(std::string_view key, Args&&... args) {
        const std::uint32_t hash = text_index::hash_of(key);
        if (text_key* found = index_.find(key, hash)) return {*entry::of(found), false};
        void* place = ::operator new(size_of(key.size()));
        std::unique_ptr<void, free_block> block(place);
        auto* made = ::new (place) entry(std::forward<Args>(args)...);
        std::unique_ptr<entry, destroy> value(made);
        auto* name = ::new (static_cast<void*>(made->at()))
            text_key{hash, static_cast<std::uint32_t>(key.size())};
        std::memcpy(name + 1, key.data(), key.size());
        index_.insert(name);
        (void)value.release();
        (void)block.release();
        return {*made, true};
    }

    void erase(entry& e) {
        index_.erase(e.at());
        dispose(&e);
    }
    bool erase(std::string_view key) {
        entry* found = find(key);
        if (found) erase(*found);
        return found != nullptr;
    }
    void clear() {
        index_.walk(
            [](void*, text_key* key) {
                dispose(entry::of(key));
                return true;
            },
            nullptr);
        index_ = {};
    }

    [[nodiscard]] std::size_t size() const { return index_.size(); }
    [[nodiscard]] bool empty() const { return size() == 0; }

    /// Calls f(entry) for each in no order, until it returns false. f must not change the map.
    template <class F>
    void for_each_until(F&& f) const {
        index_.walk(
            [](void* context, text_key* key) -> bool {
                return (*static_cast<std::remove_reference_t<F>*>(context))(
                    std::as_const(*entry::of(key)));
            },
            const_cast<void*>(static_cast<const void*>(std::addressof(f))));
    }
    /// The same for all of them.
    template <class F>
    void for_each(F&& f) const {
        for_each_until([&f](const entry& e) {
            f(e);
            return true;
        });
    }

private:
    struct free_block {
        void operator()(void* block) const { ::operator delete(block); }
    };
    struct destroy {
        void operator()(entry* e) const { e->~entry(); }
    };
    static std::size_t size_of(std::size_t key_length) {
        const std::size_t used = entry::offset + sizeof(text_key) + key_length;
        return used < sizeof(entry) ? sizeof(entry) : used;
    }
    static void dispose(entry* e) {
        e->~entry();
        ::operator delete(static_cast<void*>(e));
    }

    text_index index_;
};

/// A set of texts, as a text_map keeps them.
struct no_value {};
using text_set = text_map<no_value>;

}  // namespace chat_gateway
