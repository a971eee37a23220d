#include <chat_gateway/gateway/timed_ports.hpp>

#include <algorithm>
#include <utility>

namespace chat_gateway::gateway {
namespace {

/// What is observed when one question is answered.
class stopwatch {
public:
    stopwatch(scheduler& timers, metrics_block& counts, distribution times, metric failures)
        : timers_(&timers),
          counts_(&counts),
          times_(times),
          failures_(failures),
          begun_(timers.now()) {}
    void stop(bool failed) const {
        counts_->observe(times_, timers_->now() - begun_);
        if (failed) counts_->add(failures_);
    }

    /// The handler, with the clock stopped ahead of it.
    template <class Answer>
    unique_function<void(Answer)> before(unique_function<void(Answer)> handler) {
        return [watch = *this, handler = std::move(handler)](Answer answer) mutable {
            watch.stop(answer.has_error());
            handler(std::move(answer));
        };
    }

private:
    scheduler* timers_;
    metrics_block* counts_;
    distribution times_;
    metric failures_;
    time_point begun_;
};

class timed_session_store final : public chat::session_store {
public:
    timed_session_store(scheduler& timers, chat::session_store& inner, metrics_block& counts)
        : timers_(timers), inner_(inner), counts_(counts) {}

    void load(std::string session_id, load_handler handler) override {
        inner_.load(std::move(session_id), watch_now().before(std::move(handler)));
    }
    void load_many(std::vector<std::string> session_ids, load_many_handler handler) override {
        using answers = std::vector<result<std::optional<std::string>>>;
        inner_.load_many(std::move(session_ids),
                         [clock = watch_now(), handler = std::move(handler)](answers all) mutable {
                             clock.stop(std::ranges::any_of(
                                 all, [](const auto& one) { return one.has_error(); }));
                             handler(std::move(all));
                         });
    }
    void watch(watcher w) override { inner_.watch(std::move(w)); }
    void ping(done_handler handler) override { inner_.ping(std::move(handler)); }

private:
    stopwatch watch_now() {
        return {timers_, counts_, distribution::session_store, metric::session_store_failures};
    }
    scheduler& timers_;
    chat::session_store& inner_;
    metrics_block& counts_;
};

class timed_chat_directory final : public chat::chat_directory {
public:
    timed_chat_directory(scheduler& timers, chat::chat_directory& inner, metrics_block& counts)
        : timers_(timers), inner_(inner), counts_(counts) {}

    void chats_of_users(std::vector<std::string> users,
                        unique_function<void(result<std::vector<chat::user_chat>>)> h) override {
        inner_.chats_of_users(std::move(users), watch_now().before(std::move(h)));
    }
    void can_view_chat(std::string user, std::string chat,
                       unique_function<void(result<bool>)> h) override {
        inner_.can_view_chat(std::move(user), std::move(chat), watch_now().before(std::move(h)));
    }
    void is_no_chat(std::string name, unique_function<void(result<bool>)> h) override {
        inner_.is_no_chat(std::move(name), watch_now().before(std::move(h)));
    }
    void active_users(std::vector<std::string> users,
                      unique_function<void(result<std::vector<std::string>>)> h) override {
        inner_.active_users(std::move(users), watch_now().before(std::move(h)));
    }
    bool restricts_users() const override { return inner_.restricts_users(); }
    void ping(unique_function<void(result<>)> handler) override { inner_.ping(std::move(handler)); }

private:
    stopwatch watch_now() {
        return {timers_, counts_, distribution::chat_directory, metric::chat_directory_failures};
    }
    scheduler& timers_;
    chat::chat_directory& inner_;
    metrics_block& counts_;
};

}  // namespace

std::unique_ptr<chat::session_store> timed(scheduler& timers, chat::session_store& inner,
                                           metrics_block& counts) {
    return std::make_unique<timed_session_store>(timers, inner, counts);
}

std::unique_ptr<chat::chat_directory> timed(scheduler& timers, chat::chat_directory& inner,
                                            metrics_block& counts) {
    return std::make_unique<timed_chat_directory>(timers, inner, counts);
}

}  // namespace chat_gateway::gateway
