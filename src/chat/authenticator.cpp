#include <chat_gateway/base/batcher.hpp>
#include <chat_gateway/chat/authenticator.hpp>
#include <chat_gateway/chat/session_cookie.hpp>
#include <chat_gateway/chat/session_record.hpp>

#include <utility>

namespace chat_gateway::chat {

std::string_view to_string(refusal r) {
    switch (r) {
        case refusal::no_cookie:
            return "no_cookie";
        case refusal::bad_signature:
            return "bad_signature";
        case refusal::no_session:
            return "no_session";
        case refusal::bad_record:
            return "bad_record";
        case refusal::not_logged_in:
            return "not_logged_in";
        case refusal::inactive_user:
            return "inactive_user";
    }
    return "unknown";
}

namespace {

using user_batcher = batcher<std::string, bool>;

/// Asks which users are active: those have a value, the others none.
user_batcher::ask_function ask_active(chat_directory& directory) {
    return [&directory](std::vector<std::string> users,
                        unique_function<void(user_batcher::answer)> done) {
        directory.active_users(
            std::move(users),
            [done = std::move(done)](result<std::vector<std::string>> active) mutable {
                if (!active) return done(active.error());
                std::vector<std::pair<std::string, bool>> values;
                values.reserve(active->size());
                for (auto& user : *active)
                    values.emplace_back(std::move(user), true);
                done(std::move(values));
            });
    };
}

}  // namespace

/// Its callbacks hold it weakly: what comes after the authenticator is gone is dropped.
class authenticator::impl : public std::enable_shared_from_this<impl> {
public:
    impl(options o, session_store& sessions, chat_directory& directory)
        : options_(std::move(o)),
          sessions_(sessions),
          directory_(directory),
          active_({}, ask_active(directory)) {}

    void authenticate(const std::optional<std::string>& cookie, handler h) {
        if (!cookie) return h(refused{refusal::no_cookie});
        auto session_id = verify_session_cookie(*cookie, options_.secrets);
        if (!session_id) return h(refused{refusal::bad_signature});
        sessions_.load(*session_id, [self = weak_from_this(), id = *session_id, h = std::move(h)](
                                        result<std::optional<std::string>> record) mutable {
            if (const auto alive = self.lock()) {
                alive->on_record(std::move(id), std::move(record), std::move(h));
            }
        });
    }

    void set_secrets(std::vector<std::string> secrets) { options_.secrets = std::move(secrets); }

private:
    void on_record(std::string session_id, result<std::optional<std::string>> record, handler h) {
        if (!record) return h(unavailable{"session store", record.error()});
        if (!*record) return h(refused{refusal::no_session});
        auto user = user_of_record(**record, options_.user_pointer);
        if (!user) return h(refused{refusal::bad_record});
        if (!*user) return h(refused{refusal::not_logged_in});
        check_active({std::move(**user), std::move(session_id)}, std::move(h));
    }

    void check_active(identity who, handler h) {
        if (!directory_.restricts_users()) return h(std::move(who));
        auto user = who.user_id;
        active_.get(std::move(user), [who = std::move(who),
                                      h = std::move(h)](result<std::vector<bool>> active) mutable {
            if (!active) return h(unavailable{"database", active.error(), std::move(who.user_id)});
            if (active->empty()) return h(refused{refusal::inactive_user, std::move(who.user_id)});
            h(std::move(who));
        });
    }

    options options_;
    session_store& sessions_;
    chat_directory& directory_;
    user_batcher active_;
};

authenticator::authenticator(options o, session_store& sessions, chat_directory& directory)
    : impl_(std::make_shared<impl>(std::move(o), sessions, directory)) {}
authenticator::~authenticator() = default;

void authenticator::set_secrets(std::vector<std::string> secrets) {
    impl_->set_secrets(std::move(secrets));
}

void authenticator::authenticate(std::optional<std::string> cookie_value, handler h) {
    const auto self = impl_;  // a handler that runs at once may destroy this
    self->authenticate(cookie_value, std::move(h));
}

}  // namespace chat_gateway::chat
