#include "outbox.hpp"

#include <chat_gateway/engineio/payload.hpp>

#include <cassert>
#include <cstring>
#include <utility>

namespace chat_gateway::server {

/// Blocks that no outbox of this thread uses now. Fan-out takes and gives back one per recipient:
/// the few that are warm in the cache, and no allocation.
class outbox::stock {
public:
    stock() = default;
    stock(const stock&) = delete;
    stock& operator=(const stock&) = delete;
    ~stock() {
        while (free_ != nullptr)
            delete std::exchange(free_, free_->next);
    }

    static stock& here() {
        thread_local stock of_this_thread;
        return of_this_thread;
    }

    block* take() {
        if (free_ == nullptr) return new block;
        --count_;
        block* b = std::exchange(free_, free_->next);
        b->next = nullptr;
        return b;
    }
    void give(block* b) {
        if (count_ == most) {
            delete b;
            return;
        }
        ++count_;
        b->next = std::exchange(free_, b);
    }

private:
    /// 128 KB; a tick that reaches more recipients allocates for the rest.
    static constexpr std::size_t most = 2048;
    block* free_ = nullptr;
    std::size_t count_ = 0;
};

void outbox::push(const wire_ref& packet) {
    if (first_ == nullptr) {
        first_ = last_ = stock::here().take();
        begin_ = end_ = 0;
    } else if (end_ == block::size) {
        last_ = last_->next = stock::here().take();
        end_ = 0;
    }
    last_->at[end_++] = packet;
    bytes_ += frame(packet).size();
}

template <class F>
void outbox::walk(F&& f) const {
    std::uint8_t from = begin_;
    for (const block* b = first_; b != nullptr; b = b->next, from = 0) {
        const std::uint8_t to = b == last_ ? end_ : block::size;
        for (std::uint8_t i = from; i < to; ++i) {
            if (!f(b->at[i])) return;
        }
    }
}

void outbox::use_deflate() {
    assert(sent_ == 0);
    deflate_ = true;
    bytes_ = 0;
    walk([this](const wire_ref& packet) {
        bytes_ += frame(packet).size();
        return true;
    });
}

std::string outbox::take_payload() {
    std::string body;
    body.reserve(bytes_);
    walk([&](const wire_ref& packet) {
        if (packet->is_binary()) {
            engineio::append_binary(body, packet->packet());
        } else {
            engineio::append_text(body, packet->packet());
        }
        return true;
    });
    clear();
    return body;
}

std::size_t outbox::copy_frames(char* to, std::size_t space) const {
    std::size_t used = 0;
    std::size_t skip = sent_;
    walk([&](const wire_ref& packet) {
        const std::string_view bytes = frame(packet).substr(skip);
        if (bytes.size() > space - used) return false;
        std::memcpy(to + used, bytes.data(), bytes.size());
        used += bytes.size();
        skip = 0;
        return true;
    });
    return used;
}

void outbox::consume(std::size_t n) {
    bytes_ -= n;
    if (bytes_ == 0) return clear();
    n += sent_;
    for (std::size_t size = 0; n >= (size = frame(first_->at[begin_]).size()); n -= size)
        pop_front();
    sent_ = static_cast<std::uint32_t>(n);
}

void outbox::pop_front() {
    first_->at[begin_++] = {};
    if (begin_ != block::size) return;
    stock::here().give(std::exchange(first_, first_->next));
    begin_ = 0;
}

std::string outbox::take_frames() {
    std::string all(bytes_, '\0');
    copy_frames(all.data(), all.size());
    clear();
    return all;
}

void outbox::clear() {
    while (first_ != nullptr) {
        const std::uint8_t to = first_ == last_ ? end_ : block::size;
        for (; begin_ < to; ++begin_)
            first_->at[begin_] = {};
        begin_ = 0;
        stock::here().give(std::exchange(first_, first_->next));
    }
    last_ = nullptr;
    bytes_ = 0;
    sent_ = 0;
}

}  // namespace chat_gateway::server
