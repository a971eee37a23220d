#include "outbox_translator.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/chat/server_message.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace chat_gateway::postgres {

namespace cluster = socketio::cluster;

void outbox_translator::start(time_point now) {
    all_wide_until_ = now + wide_after_change;
}

std::optional<chat::change> outbox_translator::translate(const outbox_row& row, time_point now) {
    forget_old(now);
    if (row.kind == "message") return message(row, now);
    const bool of_user = row.kind == "join" || row.kind == "leave";
    if (of_user || row.kind == "chat_deleted") return membership(row, now);
    note_malformed(row, "of an unknown kind");
    return std::nullopt;
}

chat::change outbox_translator::membership(const outbox_row& row, time_point now) {
    wide_[row.chat] = {now + wide_after_change, now + wide_at_most};
    cluster::request r;
    r.kind = row.kind == "join" ? cluster::request_kind::join : cluster::request_kind::leave;
    // `user:` is a virtual room that every gateway knows.
    r.to.rooms = {row.kind == "chat_deleted" ? row.chat : "user:" + row.user};
    r.rooms = {row.chat};
    return r;
}

std::optional<chat::change> outbox_translator::message(const outbox_row& row, time_point now) {
    auto parsed = chat::parse_server_messages(row.payload);
    auto* messages = std::get_if<std::vector<cluster::message>>(&parsed);
    if (messages == nullptr || messages->size() != 1) {
        const auto* fault = std::get_if<std::string>(&parsed);
        note_malformed(row, fault != nullptr ? *fault : "not one message");
        return std::nullopt;
    }
    messages->front().to_all_nodes = goes_to_all(row.chat, now);
    return std::move(messages->front());
}

bool outbox_translator::goes_to_all(const std::string& chat, time_point now) {
    const auto found = wide_.find(chat);
    if (found == wide_.end() || found->second.end < now) return now < all_wide_until_;
    auto& [end, limit] = found->second;
    end = std::min(limit, std::max(end, now + wide_after_message));
    return true;
}

void outbox_translator::forget_old(time_point now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + wide_after_message;
    std::erase_if(wide_, [now](const auto& entry) { return entry.second.end < now; });
}

void outbox_translator::note_malformed(const outbox_row& row, std::string_view fault) {
    ++malformed_;
    log::error("a row of the outbox is not sent",
               {{"id", row.id}, {"kind", row.kind}, {"fault", fault}});
}

}  // namespace chat_gateway::postgres
