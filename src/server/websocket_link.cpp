#include "websocket_link.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace chat_gateway::server {

using write_result = websocket_link::write_result;

write_result websocket_link::send(std::string_view bytes, std::size_t& sent) {
    sent = 0;
    for (;;) {
        const ssize_t n =
            ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            sent = static_cast<std::size_t>(n);
            return sent == bytes.size() ? write_result::done : write_result::blocked;
        }
        if (errno == EINTR) continue;
        return errno == EAGAIN || errno == EWOULDBLOCK ? write_result::blocked
                                                       : write_result::failed;
    }
}

void websocket_link::shut() const {
    ::shutdown(socket.get(),
               SHUT_WR);  // fails only for a peer that is gone, and then it does not matter
}

void websocket_link::queue_behind(outbox& out) {
    if (out.empty()) return;
    const bool begun = out.front_begun();
    std::string owed = out.take_frames();
    // Own bytes wait for the end of a begun frame; behind it their order among the rest does not
    // matter.
    if (begun && own_)
        own_->insert(0, owed);
    else
        queue(owed);
}

write_result websocket_link::write(outbox* out, std::span<char> scratch) {
    std::size_t sent = 0;
    for (;;) {
        const bool mid_frame = out && !out->empty() && out->front_begun();
        if (own_ && !mid_frame) {
            const auto r = send(*own_, sent);
            own_->erase(0, sent);
            if (own_->empty()) own_.reset();
            if (r != write_result::done) return r;
            continue;
        }
        if (!out || out->empty()) return write_result::done;

        // Small frames leave together; a frame on its own, or too large to copy, leaves from where
        // it is.
        std::string_view bytes = out->front();
        if (!(mid_frame && own_) && !out->single()) {
            const std::size_t copied = out->copy_frames(scratch.data(), scratch.size());
            if (copied > bytes.size()) bytes = {scratch.data(), copied};
        }
        const auto r = send(bytes, sent);
        if (sent != 0) out->consume(sent);
        if (r != write_result::done) return r;
    }
}

}  // namespace chat_gateway::server
