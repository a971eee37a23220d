#include "drain.hpp"

#include <chat_gateway/base/log.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::app {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds wave_interval{50};
/// Of the whole process. That few handshakes a second are no storm to anybody.
constexpr double fewest_per_s = 20;
/// For requests that were on their way when it began.
constexpr milliseconds shortest{300};
/// For the last close frames to leave.
constexpr milliseconds farewell{200};
/// For what is stored of the sessions, beyond the time allowed.
constexpr milliseconds store_patience{2000};

}  // namespace

void drain::begin(bool reachable, unique_function<void()> done) {
    begun_ = true;
    reachable_ = reachable;
    done_ = std::move(done);
    began_ = services_.now();
    const auto loops = static_cast<double>(shards_.size());
    double n = 0;
    for (pacing& p : shards_) {
        // The last tenth is reserve.
        p.how_many.emplace(pace::terms{.begin = began_,
                                       .span = time_ * 9 / 10,
                                       .fewest_per_s = fewest_per_s / loops,
                                       .head_start = n++ / loops});
        p.of.shard->loop().post([&p] { p.of.begin(); });
    }
    next_wave();
}

std::size_t drain::left() const {
    std::size_t sum = 0;
    for (const pacing& p : shards_)
        sum += p.now.sessions;
    return sum;
}

void drain::next_wave() {
    answers_due_ = shards_.size();
    for (pacing& p : shards_) {
        const std::size_t most = p.how_many->due(p.now.sessions, services_.now());
        p.of.shard->loop().post([this, &p, most] {
            const auto state = p.of.shard->close_some(most);
            services_.post([this, &p, state] {
                p.now = state;
                on_wave_closed();
            });
        });
    }
}

void drain::on_wave_closed() {
    if (--answers_due_ != 0) return;
    const auto passed = services_.now() - began_;
    const bool idle = std::ranges::all_of(shards_, [this](const pacing& p) {
        return p.now.sessions + p.now.handshakes + (reachable_ ? p.now.lingering : 0) == 0;
    });
    const bool over = passed >= time_;
    if ((idle && passed >= std::min(shortest, time_)) || (over && left() == 0)) return finish();
    // Beyond the time each wave is all that is left.
    services_.after(wave_interval, [this] { next_wave(); });
}

void drain::finish() {
    log::info("clients handed off",
              {{"ms", std::chrono::duration_cast<milliseconds>(services_.now() - began_).count()}});
    for (pacing& p : shards_)
        p.of.shard->loop().post([&p] { p.of.end(); });
    const auto leave = [this] {
        if (done_) services_.after(farewell, std::exchange(done_, nullptr));
    };
    if (!before_end_) return leave();
    services_.after(store_patience, leave);
    before_end_(leave);
}

}  // namespace chat_gateway::app
