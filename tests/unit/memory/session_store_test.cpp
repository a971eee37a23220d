#include "support/manual_scheduler.hpp"
#include "support/ports/session_store_contract.hpp"

#include <chat_gateway/memory/memory.hpp>

namespace chat_gateway::tests {
namespace {

class memory_backend {
public:
    chat::session_store& store() { return store_; }
    void put(const std::string& id, const std::string& record) { store_.put(id, record); }
    void put_expired(const std::string& id, const std::string& record) {
        store_.put(id, record);
        store_.erase(id);
    }
    void make_unavailable() { store_.set_available(false); }
    void run_until(const std::function<bool()>&) { timers_.run(); }

private:
    manual_scheduler timers_;
    memory::session_store store_{timers_};
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, SessionStoreContract, memory_backend);

TEST(MemorySessionStore, IsThereAgainWhenSetBack) {
    manual_scheduler timers;
    memory::session_store store(timers);
    store.set_available(false);
    store.set_available(true);
    std::optional<result<>> answer;
    store.ping([&](result<> r) { answer = r; });
    timers.run();
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->has_value());
}

}  // namespace
}  // namespace chat_gateway::tests
