#pragma once

#include <chat_gateway/chat/ports/change_feed.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace chat_gateway::tests {

/// The bus as a change feed sees it: what was published, and the mark that goes with it. Answers
/// inside the call, unless it is told to keep its answers or to fail.
class marked_sink final : public chat::change_sink {
public:
    void publish_marked(std::vector<chat::change> changes, std::uint64_t after, std::uint64_t mark,
                        done_handler done) override {
        if (away) return done(make_error_code(errc::unavailable));
        if (after != remembered) {
            ++refused;
            return done(make_error_code(errc::closed));
        }
        remembered = mark;
        ++batches;
        for (auto& change : changes)
            published.push_back(std::move(change));
        if (silent) return kept.push_back(std::move(done));
        done({});
    }
    void last_mark(mark_handler handler) override {
        if (away) return handler(make_error_code(errc::unavailable));
        handler(remembered);
    }

    std::vector<chat::change> published;
    std::uint64_t remembered = 0;
    std::size_t batches = 0;
    std::size_t refused = 0;
    bool away = false;
    bool silent = false;  ///< publishes, and never says so
    std::vector<done_handler> kept;
};

}  // namespace chat_gateway::tests
