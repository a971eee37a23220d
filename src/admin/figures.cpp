#include "figures.hpp"

#include <algorithm>
#include <unordered_map>

namespace chat_gateway::admin {
namespace {

using user_count = std::pair<std::string, std::uint64_t>;

/// False: the member is not there, or is no number.
bool read(const json& j, const char* name, std::uint64_t& out) {
    const auto found = j.find(name);
    if (found == j.end() || !found->is_number_unsigned()) return false;
    out = found->get<std::uint64_t>();
    return true;
}

const std::string* text_of(const json& j, const char* name) {
    const auto found = j.find(name);
    return found == j.end() ? nullptr : found->get_ptr<const json::string_t*>();
}

}  // namespace

void keep_busiest(std::vector<user_count>& users, std::size_t most) {
    const auto kept = users.begin() + static_cast<std::ptrdiff_t>(std::min(most, users.size()));
    std::partial_sort(users.begin(), kept, users.end(), [](const auto& a, const auto& b) {
        return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
    users.erase(kept, users.end());
}

totals sum_of(const std::vector<totals>& parts) {
    totals all;
    std::unordered_map<std::string, std::uint64_t> by_user;
    for (const totals& t : parts) {
        all.connections += t.connections;
        all.websockets += t.websockets;
        all.refused += t.refused;
        all.sockets += t.sockets;
        all.memberships += t.memberships;
        all.rooms += t.rooms;
        all.users += t.users;
        all.open_seconds += t.open_seconds;
        all.longest_seconds = std::max(all.longest_seconds, t.longest_seconds);
        for (const auto& [user, connections] : t.connections_per_user)
            by_user[user] += connections;
    }
    all.connections_per_user.assign(by_user.begin(), by_user.end());
    keep_busiest(all.connections_per_user, all.connections_per_user.size());
    return all;
}

json to_json(const totals& t) {
    json users = json::array();
    for (const auto& [user, connections] : t.connections_per_user)
        users.push_back({{"user", user}, {"connections", connections}});
    const double mean = t.connections == 0 ? 0
                                           : static_cast<double>(t.open_seconds) /
                                                 static_cast<double>(t.connections);
    return {{"connections", t.connections},
            {"websockets", t.websockets},
            {"refused", t.refused},
            {"sockets", t.sockets},
            {"memberships", t.memberships},
            {"rooms", t.rooms},
            {"users", t.users},
            {"connections_per_user", users},
            {"seconds", {{"mean", mean}, {"sum", t.open_seconds}, {"longest", t.longest_seconds}}}};
}

std::optional<totals> totals_of(const json& j) {
    totals t;
    const auto seconds = j.find("seconds");
    const auto users = j.find("connections_per_user");
    if (seconds == j.end() || users == j.end() || !users->is_array()) return std::nullopt;
    const bool whole = read(j, "connections", t.connections) &&
                       read(j, "websockets", t.websockets) && read(j, "refused", t.refused) &&
                       read(j, "sockets", t.sockets) && read(j, "memberships", t.memberships) &&
                       read(j, "rooms", t.rooms) && read(j, "users", t.users) &&
                       read(*seconds, "sum", t.open_seconds) &&
                       read(*seconds, "longest", t.longest_seconds);
    if (!whole) return std::nullopt;
    for (const json& entry : *users) {
        const auto* user = text_of(entry, "user");
        std::uint64_t connections = 0;
        if (!user || !read(entry, "connections", connections)) return std::nullopt;
        t.connections_per_user.emplace_back(*user, connections);
    }
    return t;
}

json to_json(const std::vector<gateway::named_room>& rooms) {
    json all = json::array();
    for (const auto& [name, f] : rooms) {
        all.push_back({{"room", name},
                       {"members", f.members},
                       {"messages_in", f.messages_in},
                       {"messages_out", f.messages_out},
                       {"joins", f.joins},
                       {"leaves", f.leaves},
                       {"denials", f.denials}});
    }
    return all;
}

std::optional<std::vector<gateway::named_room>> rooms_of(const json& j) {
    if (!j.is_array()) return std::nullopt;
    std::vector<gateway::named_room> all;
    for (const json& entry : j) {
        const auto* name = text_of(entry, "room");
        gateway::room_figures f;
        const bool whole = name && read(entry, "members", f.members) &&
                           read(entry, "messages_in", f.messages_in) &&
                           read(entry, "messages_out", f.messages_out) &&
                           read(entry, "joins", f.joins) && read(entry, "leaves", f.leaves) &&
                           read(entry, "denials", f.denials);
        if (!whole) return std::nullopt;
        all.push_back({*name, f});
    }
    return all;
}

std::vector<gateway::named_room> merged(const std::vector<std::vector<gateway::named_room>>& parts,
                                        std::size_t most) {
    std::unordered_map<std::string, gateway::room_figures> by_name;
    for (const auto& part : parts) {
        for (const auto& [name, f] : part) {
            auto& sum = by_name[name];
            sum.members += f.members;
            sum.messages_in = std::max(sum.messages_in, f.messages_in);
            sum.messages_out += f.messages_out;
            sum.joins += f.joins;
            sum.leaves += f.leaves;
            sum.denials += f.denials;
        }
    }
    std::vector<gateway::named_room> all;
    all.reserve(by_name.size());
    for (const auto& [name, f] : by_name)
        all.push_back({name, f});
    std::ranges::sort(all, [](const auto& a, const auto& b) {
        return a.figures.messages_in != b.figures.messages_in
                   ? a.figures.messages_in > b.figures.messages_in
                   : a.name < b.name;
    });
    all.resize(std::min(most, all.size()));
    return all;
}

json to_json(const std::vector<gateway::user_socket>& sockets) {
    json all = json::array();
    for (const auto& s : sockets) {
        all.push_back({{"id", s.id ? json(*s.id) : json(nullptr)},
                       {"transport", s.websocket ? "websocket" : "polling"},
                       {"connected", s.connected},
                       {"seconds", s.age.count()},
                       {"rooms", s.rooms}});
    }
    return all;
}

}  // namespace chat_gateway::admin
