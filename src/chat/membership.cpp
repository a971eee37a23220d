#include <chat_gateway/base/batcher.hpp>
#include <chat_gateway/base/random.hpp>
#include <chat_gateway/chat/membership.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace chat_gateway::chat {
namespace {

using chat_batcher = batcher<std::string, std::string>;

chat_batcher::ask_function ask_chats(chat_directory& directory) {
    return [&directory](std::vector<std::string> users,
                        unique_function<void(chat_batcher::answer)> done) {
        directory.chats_of_users(
            std::move(users),
            [done = std::move(done)](result<std::vector<user_chat>> rows) mutable {
                if (!rows) return done(rows.error());
                std::vector<std::pair<std::string, std::string>> values;
                values.reserve(rows->size());
                for (auto& row : *rows) {
                    values.emplace_back(std::move(row.user_id), std::move(row.chat_id));
                }
                done(std::move(values));
            });
    };
}

/// Between half and all of it: gateways that lost the database together do not come back together.
steady_clock::duration with_jitter(steady_clock::duration wait) {
    const auto half = static_cast<std::uint64_t>(wait.count() / 2);
    return wait - steady_clock::duration(random_below(half + 1));
}

}  // namespace

/// Its callbacks hold it weakly and name loads by id: what comes after the end of either finds
/// nothing.
class membership::impl : public std::enable_shared_from_this<impl> {
public:
    impl(options o, scheduler& timers, chat_directory& directory)
        : options_(o), timers_(timers), chats_({}, ask_chats(directory)) {}

    load_id load(std::string user_id, handler h) {
        const auto id = ++last_id_;
        auto& begun = loads_[id];
        begun.user_id = std::move(user_id);
        begun.tell = std::move(h);
        begun.retry = options_.first_retry;
        begun.deadline = after(options_.deadline, [id](impl& self) {
            self.tell_failure(id, make_error_code(errc::timeout));
        });
        read(id);
        return id;
    }

    void cancel(load_id id) {
        const auto found = loads_.find(id);
        if (found == loads_.end()) return;
        timers_.cancel(found->second.deadline);
        timers_.cancel(found->second.next_read);
        loads_.erase(found);
    }

    void cancel_all() {
        while (!loads_.empty())
            cancel(loads_.begin()->first);
    }

    [[nodiscard]] std::size_t pending() const { return loads_.size(); }

private:
    struct entry {
        std::string user_id;
        handler tell;
        bool told = false;  ///< of the failure
        steady_clock::duration retry{};
        scheduler::timer_id deadline = 0;
        scheduler::timer_id next_read = 0;
    };
    using chat_list = result<std::vector<std::string>>;

    scheduler::timer_id after(steady_clock::duration delay, unique_function<void(impl&)> task) {
        return timers_.after(delay, [self = weak_from_this(), task = std::move(task)]() mutable {
            if (const auto alive = self.lock()) task(*alive);
        });
    }

    void read(load_id id) {
        reading_ = true;
        chats_.get(loads_[id].user_id, [self = weak_from_this(), id](chat_list chats) {
            if (const auto alive = self.lock()) alive->on_read(id, std::move(chats));
        });
        reading_ = false;
    }

    void on_read(load_id id, chat_list chats) {
        if (reading_) {  // answered at once: not from inside load()
            after({}, [id, chats = std::move(chats)](impl& self) mutable {
                self.on_read(id, std::move(chats));
            });
        } else if (chats) {
            tell_list(id, std::move(chats));
        } else {
            tell_failure(id, chats.error());
            read_again(id);
        }
    }

    void tell_list(load_id id, chat_list chats) {
        const auto found = loads_.find(id);
        if (found == loads_.end()) return;
        auto tell = std::move(found->second.tell);
        cancel(id);
        tell(std::move(chats));
    }

    void tell_failure(load_id id, boost::system::error_code error) {
        auto found = loads_.find(id);
        if (found == loads_.end() || std::exchange(found->second.told, true)) return;
        timers_.cancel(found->second.deadline);
        auto tell = std::move(found->second.tell);
        tell(error);
        found = loads_.find(id);  // the handler may have cancelled it
        if (found != loads_.end()) found->second.tell = std::move(tell);
    }

    void read_again(load_id id) {
        const auto found = loads_.find(id);
        if (found == loads_.end()) return;
        auto& failed = found->second;
        failed.next_read = after(with_jitter(failed.retry), [id](impl& self) { self.read(id); });
        failed.retry = std::min(failed.retry * 2, options_.longest_retry);
    }

    options options_;
    scheduler& timers_;
    chat_batcher chats_;
    std::unordered_map<load_id, entry> loads_;
    load_id last_id_ = 0;
    bool reading_ = false;
};

membership::membership(options o, scheduler& timers, chat_directory& directory)
    : impl_(std::make_shared<impl>(o, timers, directory)) {}
membership::~membership() {
    impl_->cancel_all();
}

membership::load_id membership::load(std::string user_id, handler h) {
    return impl_->load(std::move(user_id), std::move(h));
}
void membership::cancel(load_id id) {
    impl_->cancel(id);
}
std::size_t membership::pending() const {
    return impl_->pending();
}

}  // namespace chat_gateway::chat
