#include "user_registry.hpp"

#include <utility>

namespace chat_gateway::gateway {

bool user_registry::enter(member_id m, std::string user, std::string session) {
    if (seats_.size() <= m) seats_.resize(m + 1U);
    seat& mine = seats_[m];
    const auto found = users_.find(user);
    // New ones go to the front, so that those of one session are next to each other, mostly.
    const member_id first = found == users_.end() ? nobody : found->second.first;
    for (member_id at = first; at != nobody && !mine.who; at = seats_[at].behind) {
        if (seats_[at].who->session == session) mine.who = seats_[at].who;
    }
    const bool fresh = !mine.who;
    if (fresh) {
        // The user's id is in as many logins as the user has sessions: one, for nearly everybody.
        mine.who =
            std::make_shared<const chat::login>(chat::login{std::move(user), std::move(session)});
    }
    mine.behind = first;
    if (found == users_.end()) {
        users_.emplace(mine.who->user, account{m, 1});
        return fresh;
    }
    seats_[first].before = m;
    found->second.first = m;
    ++found->second.sockets;
    return fresh;
}

bool user_registry::leave(member_id m) {
    if (m >= seats_.size() || !seats_[m].who) return false;
    const seat mine = std::exchange(seats_[m], {});
    // Its key may view into the login that goes: it is taken out, and put back with a login that
    // stays.
    auto node = users_.extract(mine.who->user);
    account& user = node.mapped();
    if (mine.before != nobody) seats_[mine.before].behind = mine.behind;
    if (mine.behind != nobody) seats_[mine.behind].before = mine.before;
    if (user.first == m) user.first = mine.behind;
    if (--user.sockets == 0) return true;
    bool last = true;
    for (member_id at = user.first; at != nobody && last; at = seats_[at].behind)
        last = seats_[at].who != mine.who;
    node.key() = seats_[user.first].who->user;
    users_.insert(std::move(node));
    return last;
}

std::vector<user_registry::member_id> user_registry::sockets_of(std::string_view user) const {
    std::vector<member_id> all;
    const auto found = users_.find(user);
    if (found == users_.end()) return all;
    for (member_id at = found->second.first; at != nobody; at = seats_[at].behind)
        all.push_back(at);
    return all;
}

std::vector<user_registry::member_id> user_registry::sockets_of(const chat::login& who) const {
    auto all = sockets_of(who.user);
    std::erase_if(all, [&](member_id m) { return seats_[m].who->session != who.session; });
    return all;
}

}  // namespace chat_gateway::gateway
