#include <chat_gateway/chat/ports/session_store.hpp>

#include <memory>
#include <utility>

namespace chat_gateway::chat {

void session_store::load_many(std::vector<std::string> session_ids, load_many_handler handler) {
    struct gathering {
        std::vector<result<std::optional<std::string>>> answers;
        std::size_t due;
        load_many_handler handler;
    };
    // Nothing to wait for: the answer of a load that fails at once would come no sooner.
    if (session_ids.empty()) return ping([h = std::move(handler)](auto) mutable { h({}); });
    auto all = std::make_shared<gathering>();
    all->answers.resize(session_ids.size(), make_error_code(errc::unavailable));
    all->due = session_ids.size();
    all->handler = std::move(handler);
    for (std::size_t i = 0; i < session_ids.size(); ++i) {
        load(std::move(session_ids[i]), [all, i](result<std::optional<std::string>> r) {
            all->answers[i] = std::move(r);
            if (--all->due == 0) all->handler(std::move(all->answers));
        });
    }
}

}  // namespace chat_gateway::chat
