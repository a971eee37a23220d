#include "outbox_publisher.hpp"

#include <algorithm>
#include <utility>

namespace chat_gateway::postgres {

outbox_publisher::outcome outbox_publisher::step(time_point now) {
    if (!claimed_) {
        claimed_ = source_.claim();
        record_.take_part(claimed_ ? chat::feed_figures::role::publisher
                                   : chat::feed_figures::role::standby);
        if (!claimed_) return outcome::standby;
        source_.listen();  // before the first read: what commits behind that wakes
        translator_.start(now);
    }
    if (!mark_) {
        const auto learned = learn_mark(now);
        if (learned != outcome::published) {
            look(now);
            return learned;
        }
    }
    if (now < settled_) {
        look(now);
        return outcome::settling;
    }
    return publish(now);
}

outbox_publisher::outcome outbox_publisher::learn_mark(time_point now) {
    const auto mark = sink_.last_mark();
    if (!mark) {
        sink_was_away_ = true;
        record_.sink_failed();
        return outcome::sink_away;
    }
    if (in_doubt_ && in_doubt_->last == *mark) note(*in_doubt_);
    in_doubt_.reset();
    source_.forget(*mark);
    mark_ = *mark;
    published_to_ = *mark;
    if (std::exchange(sink_was_away_, false)) settled_ = now + settling_time;
    return outcome::published;
}

outbox_publisher::outcome outbox_publisher::publish(time_point now) {
    const auto rows = source_.read(*mark_);
    if (rows.empty()) {
        record_.nothing_waits();
        if (now >= next_sweep_) {
            source_.sweep();
            next_sweep_ = now + sweep_interval;
        }
        return outcome::idle;
    }
    look(now);
    std::vector<chat::change> changes;
    changes.reserve(rows.size());
    for (const auto& row : rows) {
        if (auto change = translator_.translate(row, now)) changes.push_back(std::move(*change));
    }
    const batch now_due{rows.back().id, changes.size(), rows.size() - changes.size()};
    const auto done = sink_.publish_marked(std::move(changes), *mark_, now_due.last);
    if (!done) {
        // All or none of it, or somebody else's work: the mark will tell.
        mark_.reset();
        sink_was_away_ = done.error() != errc::closed;
        if (sink_was_away_) {
            in_doubt_ = now_due;
            record_.sink_failed();
        }
        return outcome::sink_away;
    }
    note(now_due);
    mark_ = now_due.last;
    published_to_ = now_due.last;
    source_.forget(now_due.last);
    return outcome::published;
}

void outbox_publisher::note(const batch& published) {
    record_.published(published.changes, published.malformed);
}

void outbox_publisher::look(time_point now) {
    if (now < next_look_) return;
    next_look_ = now + look_interval;
    const auto found = source_.waiting(published_to_);
    if (!found) return record_.nothing_waits();
    if (found->first != first_waiting_) {
        first_waiting_ = found->first;
        first_seen_ = now;
    }
    const auto since =
        found->age ? now - std::max(*found->age, std::chrono::microseconds(0)) : first_seen_;
    record_.waits(found->rows, since);
}

}  // namespace chat_gateway::postgres
