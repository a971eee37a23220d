#include <chat_gateway/base/log.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/gateway/cluster.hpp>

#include <algorithm>
#include <iterator>
#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {

using socketio::cluster::request_kind;
using socketio::cluster::response_kind;

namespace {

constexpr std::size_t request_id_length = 16;

response_kind answer_of(request_kind k) {
    switch (k) {
        case request_kind::sockets:
            return response_kind::sockets;
        case request_kind::all_rooms:
            return response_kind::rooms;
        case request_kind::fetch_sockets:
            return response_kind::fetched;
        case request_kind::server_side_emit:
            return response_kind::server_side;
        case request_kind::broadcast:
            return response_kind::client_count;
        case request_kind::join:
        case request_kind::leave:
        case request_kind::disconnect:
            return response_kind::done;
    }
    return response_kind::done;
}

/// Rooms that several shards hold are one room.
void keep_one_of_each(std::vector<std::string>& names) {
    std::unordered_set<std::string_view> seen;
    std::vector<std::string> once;
    once.reserve(names.size());
    for (auto& name : names) {
        if (seen.contains(name)) continue;
        once.push_back(std::move(name));
        seen.insert(once.back());
    }
    names = std::move(once);
}

template <class T>
void append(std::vector<T>& to, std::vector<T>& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
}

}  // namespace

/// One answer of the gateway out of those of its shards.
struct cluster::gathering {
    response sum;
    std::size_t due;
    unique_function<void(response)> answer;

    void take(response part) {
        // A client's ack stands for itself; it may overtake another shard's count.
        if (part.kind == response_kind::client_ack) return answer(std::move(part));
        append(sum.names, part.names);
        append(sum.fetched, part.fetched);
        sum.count += part.count;
        if (--due != 0) return;
        if (sum.kind == response_kind::rooms) keep_one_of_each(sum.names);
        answer(std::move(sum));
    }
};

cluster::cluster(scheduler& timers, chat::message_bus& bus, metrics_block& counts, unsigned shards,
                 ask_function ask_shard)
    : timers_(timers),
      bus_(bus),
      counts_(counts),
      shards_(shards),
      ask_shard_(std::move(ask_shard)),
      self_(std::make_shared<cluster*>(this)) {}

cluster::~cluster() {
    if (timer_ != 0) timers_.cancel(timer_);
}

void cluster::on_request(request r) {
    counts_.add(metric::cluster_requests);
    if (r.nsp != "/") return;
    const auto asked = std::make_shared<request>(std::move(r));
    unique_function<void(response)> answer = [this, asked](response said) {
        if (!asked->id.empty()) bus_.answer(*asked, std::move(said));
    };
    if (own_ && own_(*asked, answer)) return;
    if (asked->kind == request_kind::server_side_emit) {
        // Nobody here listens to the servers' own events; whoever waits for an answer must not wait
        // in vain.
        log::debug("event for servers", {{"from", asked->from}, {"bytes", asked->data.size()}});
        return answer({.kind = response_kind::server_side, .data = "null"});
    }
    ask_shards(*asked, std::move(answer));
}

void cluster::on_response(response r) {
    open_.take(std::move(r));
    arm();
}

/// `answer`: once, and to a broadcast more often.
void cluster::ask_here(const request& r, unique_function<void(response)> answer) {
    if (own_ && own_(r, answer)) return;
    ask_shards(r, std::move(answer));
}

void cluster::ask_shards(const request& r, unique_function<void(response)> answer) {
    const auto all = std::make_shared<gathering>(
        gathering{{.kind = answer_of(r.kind), .id = r.id}, shards_, std::move(answer)});
    if (shards_ == 0) all->answer(std::move(all->sum));
    for (unsigned shard = 0; shard < shards_; ++shard) {
        auto asked = std::make_shared<shard_request>();
        asked->what = r;
        asked->answer = [all](response part) { all->take(std::move(part)); };
        ask_shard_(shard, std::move(asked));
    }
}

void cluster::ask(request r, handler done) {
    r.id = random_token(request_id_length);
    if (r.kind == request_kind::broadcast)
        r.timeout = std::min(r.timeout.value_or(patience), longest_broadcast);
    bus_.count_others([self = std::weak_ptr(self_), r = std::move(r),
                       done = std::move(done)](result<std::size_t> others) mutable {
        const auto alive = self.lock();
        if (!alive) return;
        if (!others) return done(others.error());
        (*alive)->put(std::move(r), *others, std::move(done));
    });
}

void cluster::put(request r, std::size_t others, handler done) {
    const bool here = r.kind != request_kind::server_side_emit;
    const time_point deadline = timers_.now() + r.timeout.value_or(patience);
    const auto shared = std::make_shared<handler>(std::move(done));
    const bool open =
        open_.open(r.id, r.kind, others + (here ? 1 : 0), deadline, [this, shared](answers got) {
            counts_.add(metric::cluster_answers_missing, got.missing);
            (*shared)(result<answers>(std::move(got)));
        });
    if (!open) return (*shared)(make_error_code(errc::overloaded));
    counts_.add(metric::cluster_requests_asked);
    if (here) {
        ask_here(r, [this, id = r.id](response answer) {
            answer.id = id;
            on_response(std::move(answer));
        });
    }
    // What cannot be sent is noticed by the answers that do not come.
    if (others != 0) bus_.ask(std::move(r), [](result<>) {});
    arm();
}

void cluster::tell(request r, chat::message_bus::done_handler done) {
    counts_.add(metric::cluster_requests_asked);
    if (r.kind != request_kind::server_side_emit) ask_here(r, [](const response&) {});
    bus_.ask(std::move(r), std::move(done));
}

void cluster::count_nodes(unique_function<void(result<std::size_t>)> done) {
    bus_.count_others([done = std::move(done)](result<std::size_t> others) mutable {
        if (others) others = *others + 1;
        done(others);
    });
}

void cluster::arm() {
    const auto next = open_.next_deadline();
    if (timer_ != 0) timers_.cancel(std::exchange(timer_, 0));
    if (!next) return;
    timer_ = timers_.after(*next - timers_.now(), [this] {
        timer_ = 0;
        open_.give_up(timers_.now());
        arm();
    });
}

}  // namespace chat_gateway::gateway
