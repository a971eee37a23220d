#include "outbox_translator.hpp"

#include <chat_gateway/base/log.hpp>
#include <chat_gateway/chat/server_message.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace chat_gateway::postgres {

namespace cluster = socketio::cluster;

namespace {

std::variant<chat::change, std::string> message_of(const outbox_row& row) {
    auto parsed = chat::parse_server_messages(row.payload);
    if (auto* fault = std::get_if<std::string>(&parsed)) return std::move(*fault);
    auto& messages = std::get<std::vector<cluster::message>>(parsed);
    if (messages.size() != 1) return "not one message";
    return chat::change(std::move(messages.front()));
}

}  // namespace

std::variant<chat::change, std::string> change_of(const outbox_row& row) {
    if (row.kind == "message") return message_of(row);
    const bool of_user = row.kind == "join" || row.kind == "leave";
    if (!of_user && row.kind != "chat_deleted") return "of an unknown kind";
    cluster::request r;
    r.kind = row.kind == "join" ? cluster::request_kind::join : cluster::request_kind::leave;
    // `user:` is a virtual room that every gateway knows.
    r.to.rooms = {of_user ? "user:" + row.user : row.chat};
    r.rooms = {row.chat};
    return chat::change(std::move(r));
}

void outbox_translator::start(time_point now) {
    all_wide_until_ = now + wide_after_change;
}

std::optional<chat::change> outbox_translator::translate(const outbox_row& row, time_point now) {
    forget_old(now);
    auto what = change_of(row);
    if (const auto* fault = std::get_if<std::string>(&what)) {
        note_malformed(row, *fault);
        return std::nullopt;
    }
    auto& change = std::get<chat::change>(what);
    if (auto* message = std::get_if<cluster::message>(&change))
        message->to_all_nodes = goes_to_all(row.chat, now);
    else
        wide_[row.chat] = {now + wide_after_change, now + wide_at_most};
    return std::move(change);
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
