#include "redis_backend.hpp"
#include "support/ports/message_bus_contract.hpp"

namespace chat_gateway::tests {
namespace {

class sharded_backend : public redis_backend {
public:
    static constexpr bool brings_all_rooms = false;
    static constexpr bool has_all_rooms = false;
    sharded_backend() {
        for (auto& node : nodes_)
            node = redis::make_sharded_bus(commands_, "test");
    }
    chat::message_bus& node(std::size_t i) { return *nodes_.at(i); }
    void go_away() { stop_server(*commands_); }
    void come_back() { server.start(); }

private:
    std::shared_ptr<redis::connection> commands_ = connect();
    std::array<std::unique_ptr<redis::bus>, 2> nodes_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(RedisSharded, MessageBusContract, sharded_backend);

}  // namespace
}  // namespace chat_gateway::tests
