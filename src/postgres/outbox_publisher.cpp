#include "outbox_publisher.hpp"

#include <utility>

namespace chat_gateway::postgres {

outbox_publisher::outcome outbox_publisher::step(time_point now) {
    if (!claimed_) {
        if (!source_.claim()) return outcome::standby;
        claimed_ = true;
        source_.listen();  // before the first read: what commits behind that wakes
        translator_.start(now);
    }
    if (!mark_) {
        const auto learned = learn_mark(now);
        if (learned != outcome::published) return learned;
    }
    if (now < settled_) return outcome::settling;
    return publish(now);
}

outbox_publisher::outcome outbox_publisher::learn_mark(time_point now) {
    const auto mark = sink_.last_mark();
    if (!mark) {
        sink_was_away_ = true;
        return outcome::sink_away;
    }
    source_.forget(*mark);
    mark_ = *mark;
    if (std::exchange(sink_was_away_, false)) settled_ = now + settling_time;
    return outcome::published;
}

outbox_publisher::outcome outbox_publisher::publish(time_point now) {
    const auto rows = source_.read(*mark_);
    if (rows.empty()) {
        if (now >= next_sweep_) {
            source_.sweep();
            next_sweep_ = now + sweep_interval;
        }
        return outcome::idle;
    }
    std::vector<chat::change> changes;
    changes.reserve(rows.size());
    for (const auto& row : rows) {
        if (auto change = translator_.translate(row, now)) changes.push_back(std::move(*change));
    }
    const auto last = rows.back().id;
    const auto done = sink_.publish_marked(std::move(changes), *mark_, last);
    if (!done) {
        // All or none of it, or somebody else's work: the mark will tell.
        mark_.reset();
        sink_was_away_ = done.error() != errc::closed;
        return outcome::sink_away;
    }
    mark_ = last;
    source_.forget(last);
    return outcome::published;
}

}  // namespace chat_gateway::postgres
