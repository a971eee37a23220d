#include "drain.hpp"

#include <chat_gateway/base/log.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::app {
namespace {

constexpr std::chrono::milliseconds wave_interval{100};
/// Fewer than this need no pacing.
constexpr std::size_t smallest_wave = 100;
/// For the last close frames to leave.
constexpr std::chrono::milliseconds farewell{200};

}  // namespace

void drain::begin(unique_function<void()> done) {
    begun_ = true;
    done_ = std::move(done);
    deadline_ = services_.now() + time_;
    for (member& m : shards_) {
        m.shard->loop().post([&m] {
            m.stop_accepting();
            m.shard->begin_drain();
        });
    }
    next_wave();
}

void drain::next_wave() {
    answers_due_ = shards_.size();
    const bool last = last_wave_ = services_.now() >= deadline_;
    for (member& m : shards_) {
        m.shard->loop().post([this, &m, most = last ? static_cast<std::size_t>(-1) : m.wave] {
            const std::size_t left = m.shard->close_some(most);
            services_.post([this, &m, left] {
                m.left = left;
                on_wave_closed();
            });
        });
    }
}

void drain::on_wave_closed() {
    if (--answers_due_ != 0) return;
    std::size_t left = 0;
    for (member& m : shards_) {
        left += m.left;
        if (m.wave != 0) continue;
        // Four fifths of the time for the waves; the rest is reserve.
        const auto waves = std::max<std::int64_t>(1, time_ * 4 / 5 / wave_interval);
        m.wave = std::max(smallest_wave, m.left / static_cast<std::size_t>(waves) + 1);
        log::debug("sessions to hand off", {{"sessions", m.left}, {"wave", m.wave}});
    }
    if (left != 0 && !last_wave_) {
        services_.after(wave_interval, [this] { next_wave(); });
    } else if (done_) {
        services_.after(farewell, std::exchange(done_, nullptr));
    }
}

}  // namespace chat_gateway::app
