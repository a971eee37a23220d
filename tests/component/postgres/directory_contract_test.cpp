#include "shared_server.hpp"

#include <chat_gateway/memory/memory.hpp>
#include <chat_gateway/postgres/postgres.hpp>

#include <set>
#include <support/manual_scheduler.hpp>
#include <support/ports/chat_directory_contract.hpp>
#include <support/task_queue.hpp>

namespace chat_gateway::tests {
namespace {

using active_list = std::optional<std::vector<std::string>>;

class memory_directory final : public directory_under_test {
public:
    explicit memory_directory(const active_list& active) : directory_(timers_) {
        if (active) directory_.set_active_users({active->begin(), active->end()});
    }
    chat::chat_directory& directory() override { return directory_; }
    void add_participants(const std::vector<chat::user_chat>& rows) override {
        for (const auto& row : rows)
            directory_.add_participant(row.user_id, row.chat_id);
    }
    void remove_participant(const chat::user_chat& row) override {
        directory_.remove_participant(row.user_id, row.chat_id);
    }
    void stop() override { directory_.set_available(false); }
    void start() override { directory_.set_available(true); }
    bool run_until(const std::function<bool()>& condition) override {
        timers_.run();
        return condition();
    }

private:
    manual_scheduler timers_;
    memory::chat_directory directory_;
};

class postgres_directory final : public directory_under_test {
public:
    explicit postgres_directory(const active_list& active)
        : pool_(postgres::make_worker_pool(
              {.url = shared_server().url(), .size = 2},
              [this](unique_function<void()> task) { loop_.post(std::move(task)); })) {
        shared_server().execute(
            "drop table if exists chat_participants, accounts;"
            "create table chat_participants (chat_id uuid, user_id uuid, unique (chat_id, "
            "user_id));"
            "create index on chat_participants (user_id);"
            "create table accounts (user_id uuid primary key);");
        auto queries = postgres::default_queries();
        if (active) {
            queries.active_users = "select user_id::text from accounts where user_id = any($1)";
            for (const auto& user : *active) {
                shared_server().execute("insert into accounts values ('" + user + "')");
            }
        }
        directory_ = postgres::make_chat_directory(pool_, queries);
    }
    chat::chat_directory& directory() override { return *directory_; }
    void add_participants(const std::vector<chat::user_chat>& rows) override {
        std::string values;
        for (const auto& row : rows) {
            values += (values.empty() ? "('" : ",('") + row.user_id + "','" + row.chat_id + "')";
        }
        shared_server().execute("insert into chat_participants (user_id, chat_id) values " +
                                values);
    }
    void remove_participant(const chat::user_chat& row) override {
        shared_server().execute("delete from chat_participants where user_id = '" + row.user_id +
                                "' and chat_id = '" + row.chat_id + "'");
    }
    void stop() override { shared_server().stop(); }
    void start() override { shared_server().start(); }
    bool run_until(const std::function<bool()>& condition) override {
        return loop_.run_until(condition);
    }

private:
    task_queue loop_;
    std::shared_ptr<postgres::worker_pool> pool_;
    std::unique_ptr<chat::chat_directory> directory_;
};

template <class World>
directory_factory factory(std::string name) {
    return {std::move(name),
            [](const active_list& active) { return std::make_unique<World>(active); }};
}

const auto name_of = [](const testing::TestParamInfo<directory_factory>& info) {
    return info.param.name;
};
INSTANTIATE_TEST_SUITE_P(adapters, chat_directory_contract,
                         testing::Values(factory<memory_directory>("memory"),
                                         factory<postgres_directory>("postgres")),
                         name_of);

}  // namespace
}  // namespace chat_gateway::tests
