#include "options.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

namespace bench {
namespace {

constexpr std::string_view usage =
    "bench_load --target HOST:PORT|unix:PATH --redis PORT|--http PORT --clients FILE\n"
    "           [--server PID]... [--beside PID]... [--processes N] [--connects-at-once N]\n"
    "           [--frame-bytes N] [--rooms N] [--first-room NAME] [--rooms-header]\n"
    "           [--patience SECONDS] [--window MESSAGES:DELIVERIES]\n"
    "           [--phase NAME:RATE|saturated|idle:SECONDS]...\n"
    "FILE has a line per client: its cookie, a tab, numbers of rooms joined by commas.\n"
    "With --rooms messages go to rooms that no client is in as well, up to that number.\n";

[[noreturn]] void fail(const std::string& what) {
    std::cerr << "bench_load: " << what << '\n' << usage;
    std::exit(2);
}

double number(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || value < 0) fail("not a number: " + text);
    return value;
}

std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts;
    std::size_t from = 0;
    for (;;) {
        const auto to = text.find(at, from);
        parts.push_back(text.substr(from, to - from));
        if (to == text.npos) return parts;
        from = to + 1;
    }
}

phase parse_phase(const std::string& text) {
    const auto parts = split(text, ':');
    if (parts.size() != 3) fail("not a phase: " + text);
    phase p{parts[0], phase::kind::rate, 0, number(parts[2])};
    if (parts[1] == "saturated")
        p.what = phase::kind::saturated;
    else if (parts[1] == "idle")
        p.what = phase::kind::idle;
    else
        p.rate = number(parts[1]);
    return p;
}

std::vector<client_spec> read_clients(const std::string& path) {
    std::ifstream file(path);
    if (!file) fail("cannot read " + path);
    std::vector<client_spec> clients;
    for (std::string line; std::getline(file, line);) {
        const auto parts = split(line, '\t');
        if (parts.size() != 2) fail("not a client: " + line);
        client_spec c{parts[0], {}};
        if (!parts[1].empty()) {
            for (const auto& room : split(parts[1], ','))
                c.rooms.push_back(static_cast<std::uint32_t>(number(room)));
        }
        std::sort(c.rooms.begin(), c.rooms.end());
        clients.push_back(std::move(c));
    }
    if (clients.empty()) fail("no clients in " + path);
    return clients;
}

void parse_target(const std::string& text, options& o) {
    if (text.starts_with("unix:")) {
        o.unix_socket = text.substr(5);
        return;
    }
    const auto parts = split(text, ':');
    if (parts.size() != 2) fail("not a target: " + text);
    o.host = parts[0];
    o.port = static_cast<std::uint16_t>(number(parts[1]));
}

}  // namespace

std::string options::room_name(std::uint32_t room) const {
    if (room == 0 && !first_room.empty()) return first_room;
    char text[40];
    std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012u", room);
    return text;
}

options parse_options(int argc, char** argv) {
    options o;
    for (int i = 1; i < argc; ++i) {
        const std::string_view name = argv[i];
        if (name == "--rooms-header") {
            o.rooms_header = true;
            continue;
        }
        if (i + 1 == argc) fail("a value is missing behind " + std::string(name));
        const std::string value = argv[++i];
        if (name == "--target") {
            parse_target(value, o);
        } else if (name == "--redis") {
            o.redis_port = static_cast<std::uint16_t>(number(value));
        } else if (name == "--http") {
            o.http_port = static_cast<std::uint16_t>(number(value));
        } else if (name == "--rooms") {
            o.rooms = static_cast<std::uint32_t>(number(value));
        } else if (name == "--first-room") {
            o.first_room = value;
        } else if (name == "--clients") {
            o.clients = read_clients(value);
        } else if (name == "--server") {
            o.servers.push_back(static_cast<pid_t>(number(value)));
        } else if (name == "--beside") {
            o.beside.push_back(static_cast<pid_t>(number(value)));
        } else if (name == "--processes") {
            o.processes = std::max(1U, static_cast<unsigned>(number(value)));
        } else if (name == "--connects-at-once") {
            o.connects_at_once = std::max(1U, static_cast<unsigned>(number(value)));
        } else if (name == "--frame-bytes") {
            o.frame_bytes = static_cast<std::size_t>(number(value));
        } else if (name == "--window") {
            const auto parts = split(value, ':');
            if (parts.size() != 2) fail("not a window: " + value);
            o.window_messages = static_cast<std::uint64_t>(number(parts[0]));
            o.window_deliveries = static_cast<std::uint64_t>(number(parts[1]));
        } else if (name == "--patience") {
            o.patience = std::chrono::seconds(static_cast<int>(number(value)));
        } else if (name == "--phase") {
            o.phases.push_back(parse_phase(value));
        } else {
            fail("no such option: " + std::string(name));
        }
    }
    if (o.host.empty() && o.unix_socket.empty()) fail("--target is missing");
    if (o.clients.empty()) fail("--clients is missing");
    if (o.redis_port == 0 && o.http_port == 0) fail("--redis or --http is missing");
    for (const auto& c : o.clients) {
        for (const auto room : c.rooms)
            o.rooms = std::max(o.rooms, room + 1);
    }
    return o;
}

}  // namespace bench
