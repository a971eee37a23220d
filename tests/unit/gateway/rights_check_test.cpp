#include "rights_check.hpp"

#include "support/manual_scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace chat_gateway::gateway {
namespace {

using namespace std::chrono_literals;

/// Knows every session as that of the user `u`, and says so a while later.
class slow_store final : public chat::session_store {
public:
    slow_store(scheduler& timers, std::chrono::milliseconds takes)
        : timers_(timers), takes_(takes) {}

    void load(std::string, load_handler) override {}
    void load_many(std::vector<std::string> ids, load_many_handler handler) override {
        most_at_once = std::max(most_at_once, ++under_way_);
        for (const auto& id : ids)
            ++reads[id];
        timers_.after(takes_, [this, count = ids.size(), handler = std::move(handler)]() mutable {
            --under_way_;
            std::vector<result<std::optional<std::string>>> answers(
                count, std::optional<std::string>(R"({"cookie":{},"passport":{"user":"u"}})"));
            handler(std::move(answers));
        });
    }
    void ping(done_handler) override {}

    std::unordered_map<std::string, int> reads;
    std::size_t most_at_once = 0;

private:
    scheduler& timers_;
    std::chrono::milliseconds takes_;
    std::size_t under_way_ = 0;
};

class everybody final : public chat::chat_directory {
public:
    void chats_of_users(std::vector<std::string>,
                        unique_function<void(result<std::vector<chat::user_chat>>)>) override {}
    void can_view_chat(std::string, std::string, unique_function<void(result<bool>)>) override {}
    void is_no_chat(std::string, unique_function<void(result<bool>)>) override {}
    void active_users(std::vector<std::string>,
                      unique_function<void(result<std::vector<std::string>>)>) override {}
    bool restricts_users() const override { return false; }
    void ping(unique_function<void(result<>)>) override {}
};

TEST(RightsCheck, ReadsAllWithinThePeriodHoweverManyThereAre) {
    // More than four batches for each of the fifty times that it looks in a period.
    constexpr int sessions = 80'000;
    constexpr auto period = 3s;
    tests::manual_scheduler timers;
    slow_store store(timers, 5ms);
    everybody directory;
    metrics figures;
    metrics_block& counts = figures.make_block();
    std::size_t cuts = 0;
    rights_check check({.period = period, .user_pointer = "/passport/user"}, timers, store,
                       directory, counts, [&](const auto&, std::string_view) { ++cuts; });
    for (int n = 0; n < sessions; ++n)
        check.add(std::make_shared<const chat::login>(chat::login{"u", std::to_string(n)}));
    timers.advance(period + 100ms);
    EXPECT_EQ(store.reads.size(), static_cast<std::size_t>(sessions));
    const auto most =
        std::ranges::max_element(store.reads, {}, [](const auto& entry) { return entry.second; });
    EXPECT_LE(most->second, 2) << "none is read for another";
    EXPECT_LE(store.most_at_once, rights_check::max_batches);
    EXPECT_EQ(cuts, 0U);
}

TEST(RightsCheck, WaitsForAStoreThatIsTooSlow) {
    constexpr int sessions = 80'000;
    tests::manual_scheduler timers;
    slow_store store(timers, 2s);
    everybody directory;
    metrics figures;
    metrics_block& counts = figures.make_block();
    rights_check check({.period = 3s, .user_pointer = "/passport/user"}, timers, store, directory,
                       counts, [](const auto&, std::string_view) {});
    for (int n = 0; n < sessions; ++n)
        check.add(std::make_shared<const chat::login>(chat::login{"u", std::to_string(n)}));
    timers.advance(9s);
    EXPECT_EQ(store.most_at_once, rights_check::max_batches);
    EXPECT_GT(store.reads.size(), 3U * 1024U);
}

}  // namespace
}  // namespace chat_gateway::gateway
