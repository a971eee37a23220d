#include "rights_check.hpp"

#include <chat_gateway/chat/session_record.hpp>

#include <unordered_set>
#include <utility>

namespace chat_gateway::gateway {

using due = chat::session_recheck::due;

/// What the stores answer after its end is dropped: their handlers hold it weakly.
class rights_check::impl : public std::enable_shared_from_this<impl> {
public:
    impl(options o, scheduler& timers, chat::session_store& sessions,
         chat::chat_directory& directory, metrics_block& counts, cut_function cut)
        : options_(std::move(o)),
          timers_(timers),
          sessions_(sessions),
          directory_(directory),
          counts_(counts),
          cut_(std::move(cut)),
          recheck_({.period = options_.period}) {}

    void start() {
        if (!on()) return;
        sessions_.watch({
            .gone =
                [self = weak_from_this()](const std::string& session) {
                    if (const auto alive = self.lock())
                        alive->read(alive->recheck_.take(session, alive->timers_.now()));
                },
            .missed =
                [self = weak_from_this()] {
                    if (const auto alive = self.lock())
                        alive->recheck_.catch_up(alive->timers_.now());
                },
        });
        arm();
    }
    void stop() { timers_.cancel(timer_); }
    [[nodiscard]] bool on() const { return options_.period.count() != 0; }

    void add(chat::login_ref who) {
        if (on()) recheck_.add(std::move(who), timers_.now());
    }
    void remove(const chat::login& who) { recheck_.remove(who); }
    void vouch(const chat::login& who) {
        if (on()) recheck_.vouch(who, timers_.now());
    }

private:
    void arm() {
        timer_ = timers_.after(recheck_.interval(), [self = weak_from_this()] {
            const auto alive = self.lock();
            if (!alive) return;
            alive->read_due();
            alive->arm();
        });
    }

    void read_due() {
        while (batches_ < max_batches) {
            auto batch = recheck_.take_due(timers_.now());
            if (batch.empty()) return;
            read(std::move(batch));
        }
    }
    /// With many sessions the batches of one interval are not enough: the next one goes out when
    /// one is back.
    void batch_done() {
        --batches_;
        if (recheck_.behind()) read_due();
    }

    void read(std::vector<due> batch) {
        if (batch.empty()) return;
        ++batches_;
        counts_.add(metric::sessions_rechecked, batch.size());
        std::vector<std::string> ids;
        ids.reserve(batch.size());
        for (const due& d : batch)
            ids.emplace_back(d.who->session());
        sessions_.load_many(std::move(ids),
                            [self = weak_from_this(), batch = std::move(batch)](
                                std::vector<result<std::optional<std::string>>> records) mutable {
                                if (const auto alive = self.lock())
                                    alive->on_records(std::move(batch), std::move(records));
                            });
    }

    void on_records(std::vector<due> batch,
                    std::vector<result<std::optional<std::string>>> records) {
        std::vector<due> valid;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!records[i]) {
                counts_.add(metric::rechecks_unavailable);
                continue;
            }
            if (const auto why = fault_of(*records[i], batch[i].who->user()); !why.empty()) {
                cut(batch[i], why);
            } else {
                valid.push_back(std::move(batch[i]));
            }
        }
        if (!valid.empty() && directory_.restricts_users()) ask_active(std::move(valid));
        batch_done();
    }

    /// Empty: none.
    [[nodiscard]] std::string_view fault_of(const std::optional<std::string>& record,
                                            std::string_view user) const {
        if (!record) return "no_session";
        const auto now = chat::user_of_record(*record, options_.user_pointer);
        if (!now) return "bad_record";
        if (!*now) return "not_logged_in";
        return **now == user ? "" : "other_user";
    }

    void ask_active(std::vector<due> batch) {
        std::unordered_set<std::string> users;
        for (const due& d : batch)
            users.emplace(d.who->user());
        ++batches_;
        directory_.active_users(
            {users.begin(), users.end()}, [self = weak_from_this(), batch = std::move(batch)](
                                              result<std::vector<std::string>> active) {
                const auto alive = self.lock();
                if (!alive) return;
                if (!active) {
                    alive->counts_.add(metric::rechecks_unavailable, batch.size());
                    return alive->batch_done();
                }
                const std::unordered_set<std::string_view> may(active->begin(), active->end());
                for (const due& d : batch) {
                    if (!may.contains(d.who->user())) alive->cut(d, "inactive_user");
                }
                alive->batch_done();
            });
    }

    void cut(const due& d, std::string_view why) {
        if (recheck_.current(d)) cut_(d.who, why);
    }

    const options options_;
    scheduler& timers_;
    chat::session_store& sessions_;
    chat::chat_directory& directory_;
    metrics_block& counts_;
    cut_function cut_;
    chat::session_recheck recheck_;
    std::size_t batches_ = 0;  ///< under way
    scheduler::timer_id timer_ = 0;
};

rights_check::rights_check(options o, scheduler& timers, chat::session_store& sessions,
                           chat::chat_directory& directory, metrics_block& counts, cut_function cut)
    : impl_(std::make_shared<impl>(std::move(o), timers, sessions, directory, counts,
                                   std::move(cut))) {
    impl_->start();
}
rights_check::~rights_check() {
    impl_->stop();
}
void rights_check::add(chat::login_ref who) {
    impl_->add(std::move(who));
}
void rights_check::remove(const chat::login& who) {
    impl_->remove(who);
}
void rights_check::vouch(const chat::login& who) {
    impl_->vouch(who);
}

}  // namespace chat_gateway::gateway
