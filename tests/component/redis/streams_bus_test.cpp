#include "redis_backend.hpp"
#include "support/ports/message_bus_contract.hpp"

namespace chat_gateway::tests {
namespace {

class streams_backend : public redis_backend {
public:
    static constexpr bool brings_all_rooms = true;
    static constexpr bool has_all_rooms = false;
    streams_backend() {
        for (auto& node : nodes_)
            node = redis::make_streams_bus(loop, commands_, {.prefix = "test"});
    }
    chat::message_bus& node(std::size_t i) { return *nodes_.at(i); }
    void go_away() { stop_server(*commands_); }
    void come_back() { server.start(); }

private:
    std::shared_ptr<redis::connection> commands_ = connect();
    std::array<std::unique_ptr<redis::bus>, 2> nodes_;
};

class RedisStreamsBus : public ::testing::Test {
protected:
    void SetUp() override {
        bus_->start({.messages =
                         [this](std::vector<socketio::cluster::message> batch) {
                             for (const auto& m : batch) {
                                 told_.push_back("message");
                                 last_ = m.position;
                             }
                         },
                     .gap = [] {},
                     .reached =
                         [this](std::uint64_t position) {
                             told_.push_back("reached");
                             reached_ = position;
                         },
                     .request = [](auto) {},
                     .response = [](auto) {}});
        bool confirmed = false;
        bus_->subscribe({"a"}, [&](result<>) {
            told_.push_back("confirmed");
            confirmed = true;
        });
        backend_.run_until([&] { return confirmed; });
    }

    redis_backend backend_;
    std::shared_ptr<redis::connection> commands_ = backend_.connect();
    std::unique_ptr<redis::bus> bus_ =
        redis::make_streams_bus(backend_.loop, commands_, {.prefix = "test"});
    std::vector<std::string> told_;
    std::uint64_t last_ = 0;
    std::uint64_t reached_ = 0;
};

TEST_F(RedisStreamsBus, TellsWhereItIsBeforeARoomIsConfirmedAndBehindItsMessages) {
    EXPECT_EQ(told_, (std::vector<std::string>{"reached", "confirmed"}));
    socketio::cluster::message m;
    m.packet = "2[\"hello\"]";
    m.rooms = {"a"};
    bus_->publish({m}, [](result<>) {});
    backend_.run_until([&] { return told_.size() == 4; });
    EXPECT_EQ(told_.at(2), "message");
    EXPECT_EQ(told_.at(3), "reached");
    EXPECT_EQ(reached_, last_);
    // What is no message has its place as well.
    const auto before = reached_;
    backend_.ask(*commands_, {"XADD", "test", "*", "some", "thing"});
    backend_.run_until([&] { return told_.size() == 5; });
    EXPECT_EQ(told_.back(), "reached");
    EXPECT_GT(reached_, before);
}

INSTANTIATE_TYPED_TEST_SUITE_P(RedisStreams, MessageBusContract, streams_backend);

}  // namespace
}  // namespace chat_gateway::tests
