#include "outbox.hpp"

#include <chat_gateway/engineio/payload.hpp>

#include <cassert>
#include <cstring>

namespace chat_gateway::server {

void outbox::push(const wire_ref& packet) {
    packets_.push_back(packet);
    bytes_ += frame(packet).size();
}

void outbox::use_deflate() {
    assert(sent_ == 0);
    deflate_ = true;
    bytes_ = 0;
    for (const wire_ref& packet : packets_)
        bytes_ += frame(packet).size();
}

std::string outbox::take_payload() {
    std::string body;
    body.reserve(bytes_);
    for (const wire_ref& packet : packets_) {
        if (packet->is_binary()) {
            engineio::append_binary(body, packet->packet());
        } else {
            engineio::append_text(body, packet->packet());
        }
    }
    reset();
    return body;
}

std::size_t outbox::copy_frames(char* to, std::size_t space) const {
    std::size_t used = 0;
    std::size_t skip = sent_;
    for (const wire_ref& packet : packets_) {
        const std::string_view bytes = frame(packet).substr(skip);
        if (bytes.size() > space - used) break;
        std::memcpy(to + used, bytes.data(), bytes.size());
        used += bytes.size();
        skip = 0;
    }
    return used;
}

void outbox::consume(std::size_t n) {
    bytes_ -= n;
    if (bytes_ == 0) return reset();
    n += sent_;
    std::size_t done = 0;
    while (n >= frame(packets_[done]).size())
        n -= frame(packets_[done++]).size();
    packets_.erase(packets_.begin(), packets_.begin() + static_cast<std::ptrdiff_t>(done));
    sent_ = static_cast<std::uint32_t>(n);
}

std::string outbox::take_frames() {
    std::string all(bytes_, '\0');
    copy_frames(all.data(), all.size());
    reset();
    return all;
}

void outbox::reset() {
    packets_.clear();
    // A burst's memory is not kept by a socket that is idle again; a usual message's is.
    if (packets_.capacity() > 16) packets_.shrink_to_fit();
    bytes_ = 0;
    sent_ = 0;
}

}  // namespace chat_gateway::server
