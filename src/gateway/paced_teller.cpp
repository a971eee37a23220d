#include "paced_teller.hpp"

#include <utility>
#include <variant>

namespace chat_gateway::gateway {
namespace {

using socketio::cluster::message;
using socketio::cluster::request;

std::size_t size_of(const message& m) {
    std::size_t bytes = sizeof(chat::change) + m.packet.size();
    for (const auto& a : m.attachments)
        bytes += a.size();
    return bytes;
}

std::size_t size_of(const request& r) {
    return sizeof(chat::change) + r.packet.size() + r.data.size();
}

}  // namespace

std::size_t bytes_of(const chat::change& what) {
    return std::visit([](const auto& one) { return size_of(one); }, what);
}

paced_teller::paced_teller(scheduler& timers, listener told)
    : timers_(timers), told_(std::move(told)) {}

paced_teller::~paced_teller() {
    if (pausing_ != 0) timers_.cancel(pausing_);
}

void paced_teller::pass(std::vector<message> messages) {
    if (waiting_.empty()) return told_.messages(std::move(messages));
    for (auto& m : messages)
        append(std::move(m));
    go_on();
}

void paced_teller::pass(request r) {
    if (waiting_.empty()) return told_.request(std::move(r));
    append(std::move(r));
    go_on();
}

void paced_teller::append(chat::change what) {
    bytes_ += bytes_of(what);
    waiting_.push_back(std::move(what));
}

void paced_teller::go_on() {
    if (bytes_ > most) tell(bytes_);
    if (pausing_ != 0) return;
    tell(slice);
    if (waiting_.empty()) return;
    pausing_ = timers_.after(pause, [this] {
        pausing_ = 0;
        go_on();
    });
}

void paced_teller::tell(std::size_t bytes) {
    std::vector<message> batch;
    const auto flush = [&] {
        if (!batch.empty()) told_.messages(std::exchange(batch, {}));
    };
    for (std::size_t told = 0; !waiting_.empty() && told < bytes;) {
        auto what = std::move(waiting_.front());
        waiting_.pop_front();
        const auto size = bytes_of(what);
        told += size;
        bytes_ -= size;
        if (auto* m = std::get_if<message>(&what)) {
            batch.push_back(std::move(*m));
            continue;
        }
        flush();
        told_.request(std::move(std::get<request>(what)));
    }
    flush();
}

}  // namespace chat_gateway::gateway
