#include "permission_questions.hpp"

#include <utility>

namespace chat_gateway::gateway {
namespace {

result<bool> failure(errc why) {
    return result<bool>(boost::system::in_place_error, make_error_code(why));
}

}  // namespace

permission_questions::permission_questions(scheduler& timers, chat::chat_directory& directory)
    : timers_(timers),
      directory_(directory),
      self_(std::make_shared<permission_questions*>(this)) {}

permission_questions::~permission_questions() {
    if (timer_ != 0) timers_.cancel(timer_);
}

void permission_questions::can_view_chat(std::string user, std::string chat, handler done) {
    take(
        [user = std::move(user), chat = std::move(chat)](chat::chat_directory& directory,
                                                         handler answered) mutable {
            directory.can_view_chat(std::move(user), std::move(chat), std::move(answered));
        },
        std::move(done));
}

void permission_questions::is_no_chat(std::string name, handler done) {
    take(
        [name = std::move(name)](chat::chat_directory& directory, handler answered) mutable {
            directory.is_no_chat(std::move(name), std::move(answered));
        },
        std::move(done));
}

void permission_questions::take(asking ask, handler done) {
    question q{std::move(ask), std::move(done), timers_.now() + patience};
    if (waiting_.empty() && under_way_ < most_under_way) return put(std::move(q));
    if (waiting_.size() >= most_waiting) return q.done(failure(errc::overloaded));
    waiting_.push_back(std::move(q));
    arm();
}

void permission_questions::put(question q) {
    ++under_way_;
    q.ask(directory_,
          [self = std::weak_ptr(self_), done = std::move(q.done)](result<bool> answer) mutable {
              const auto alive = self.lock();
              if (!alive) return;
              --(*alive)->under_way_;
              done(std::move(answer));
              (*alive)->go_on();
          });
}

void permission_questions::go_on() {
    while (!waiting_.empty() && under_way_ < most_under_way) {
        question next = std::move(waiting_.front());
        waiting_.pop_front();
        put(std::move(next));
    }
}

void permission_questions::give_up() {
    while (!waiting_.empty() && waiting_.front().until <= timers_.now()) {
        question late = std::move(waiting_.front());
        waiting_.pop_front();
        late.done(failure(errc::timeout));
    }
    arm();
}

void permission_questions::arm() {
    if (timer_ != 0 || waiting_.empty()) return;
    timer_ = timers_.after(waiting_.front().until - timers_.now(), [this] {
        timer_ = 0;
        give_up();
    });
}

}  // namespace chat_gateway::gateway
