#include "user_registry.hpp"

#include <utility>

namespace chat_gateway::gateway {

bool user_registry::enter(member_id m, std::string_view user, std::string_view session) {
    if (seats_.size() <= m) seats_.resize(m + 1U);
    seat& mine = seats_[m];
    const auto found = users_.find(user);
    const member_id first = found == users_.end() ? nobody : *found;
    for (member_id at = first; at != nobody && !mine.who; at = seats_[at].behind) {
        if (seats_[at].who->session() == session) mine.who = seats_[at].who;
    }
    const bool fresh = !mine.who;
    // The user's id is in as many logins as the user has sessions: one, for nearly everybody.
    if (fresh) mine.who = std::make_shared<const chat::login>(user, session);
    if (first == nobody) {
        users_.insert(m);
        return fresh;
    }
    // Behind the first, which the table knows; new ones of a session are next to each other,
    // mostly.
    mine.before = first;
    mine.behind = std::exchange(seats_[first].behind, m);
    if (mine.behind != nobody) seats_[mine.behind].before = m;
    return fresh;
}

bool user_registry::leave(member_id m) {
    if (m >= seats_.size() || !seats_[m].who) return false;
    if (seats_[m].before == nobody) users_.erase(m);
    const seat mine = std::exchange(seats_[m], {});
    if (mine.before != nobody) seats_[mine.before].behind = mine.behind;
    if (mine.behind != nobody) seats_[mine.behind].before = mine.before;
    if (mine.before == nobody && mine.behind != nobody) users_.insert(mine.behind);
    const auto user = users_.find(mine.who->user());
    if (user == users_.end()) return true;
    for (member_id at = *user; at != nobody; at = seats_[at].behind) {
        if (seats_[at].who == mine.who) return false;
    }
    return true;
}

std::vector<user_registry::member_id> user_registry::sockets_of(std::string_view user) const {
    std::vector<member_id> all;
    const auto found = users_.find(user);
    if (found == users_.end()) return all;
    for (member_id at = *found; at != nobody; at = seats_[at].behind)
        all.push_back(at);
    return all;
}

std::vector<user_registry::member_id> user_registry::sockets_of(const chat::login& who) const {
    auto all = sockets_of(who.user());
    std::erase_if(all, [&](member_id m) { return seats_[m].who->session() != who.session(); });
    return all;
}

}  // namespace chat_gateway::gateway
