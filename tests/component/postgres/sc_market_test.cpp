#include "shared_server.hpp"

#include <chat_gateway/postgres/postgres.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <support/task_queue.hpp>
#include <vector>

/// Who may view which chat by the rules of config/sc-market.json, on SC Market's own tables.
namespace chat_gateway::tests {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string text_of(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

postgres::queries shipped_queries() {
    const auto file = text_of(CHAT_GATEWAY_TEST_DATA "/../../config/sc-market.json");
    const auto config = nlohmann::json::parse(file, nullptr, true, true);
    const auto& queries = config["postgres"]["queries"];
    return {queries["chats_of_users"], queries["can_view_chat"], queries["active_users"]};
}

constexpr const char* people = R"(
insert into accounts (username, role, banned, deleted_at) values
    ('participant', 'user', false, null), ('customer', 'user', false, null),
    ('assignee', 'user', false, null), ('member', 'user', false, null),
    ('manager', 'user', false, null), ('admin', 'admin', false, null),
    ('stranger', 'user', false, null), ('banned', 'user', true, null),
    ('deleted', 'user', false, now()), ('rival', 'user', false, null);
create function account(text) returns uuid language sql as
    'select user_id from accounts where username = $1';

-- The contractor whose order and offer it is, and another one whose people have no business here.
insert into contractors values ('c0000000-0000-4000-8000-000000000001', 'ours'),
    ('c0000000-0000-4000-8000-000000000002', 'other');
insert into contractor_members select 'c0000000-0000-4000-8000-000000000001', account(n)
    from unnest(array['member', 'manager']) n;
insert into contractor_members values ('c0000000-0000-4000-8000-000000000002', account('rival'));
insert into contractor_roles values
    ('c0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 0, 'manages', true),
    ('c0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000002', 1, 'greets', false),
    ('c0000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000003', 0, 'manages', true);
insert into contractor_member_roles values
    (account('manager'), 'd0000000-0000-4000-8000-000000000001'),
    (account('member'), 'd0000000-0000-4000-8000-000000000002'),
    (account('rival'), 'd0000000-0000-4000-8000-000000000003');

insert into orders values
    ('e0000000-0000-4000-8000-000000000001', account('assignee'), account('customer'), 'c0000000-0000-4000-8000-000000000001'),
    ('e0000000-0000-4000-8000-000000000002', null, account('customer'), null);
insert into offer_sessions values
    ('f0000000-0000-4000-8000-000000000001', account('assignee'), account('customer'), 'c0000000-0000-4000-8000-000000000001'),
    ('f0000000-0000-4000-8000-000000000002', null, account('customer'), null);
insert into chats (chat_id, name, order_id, session_id) values
    ('a0000000-0000-4000-8000-000000000001', 'plain', null, null),
    ('a0000000-0000-4000-8000-000000000002', 'order', 'e0000000-0000-4000-8000-000000000001', null),
    ('a0000000-0000-4000-8000-000000000003', 'offer', null, 'f0000000-0000-4000-8000-000000000001'),
    ('a0000000-0000-4000-8000-000000000004', 'both', 'e0000000-0000-4000-8000-000000000001', 'f0000000-0000-4000-8000-000000000001'),
    ('a0000000-0000-4000-8000-000000000005', 'private order', 'e0000000-0000-4000-8000-000000000002', null),
    ('a0000000-0000-4000-8000-000000000006', 'private offer', null, 'f0000000-0000-4000-8000-000000000002');
insert into chat_participants select chat_id, account(n) from chats,
    unnest(array['participant', 'banned', 'deleted']) n;
)";

class sc_market : public testing::Test {
protected:
    void SetUp() override {
        shared_server().execute("drop schema public cascade; create schema public;" +
                                text_of(CHAT_GATEWAY_TEST_DATA "/sc_market/schema.sql") + people);
        pool_ = postgres::make_worker_pool(
            {.url = shared_server().url(), .size = 1},
            [this](unique_function<void()> task) { loop_.post(std::move(task)); });
        directory_ = postgres::make_chat_directory(pool_, shipped_queries());
    }
    void TearDown() override {
        shared_server().execute("drop schema public cascade; create schema public;");
    }
    static std::string id(const std::string& sql) {
        auto text = shared_server().execute(sql);
        text.pop_back();
        return text;
    }
    static std::string account(const std::string& name) {
        return id("select account('" + name + "')");
    }
    static std::string chat(const std::string& name) {
        return id("select chat_id from chats where name = '" + name + "'");
    }
    result<bool> can_view(const std::string& user, const std::string& chat) {
        std::optional<result<bool>> answer;
        directory_->can_view_chat(user, chat, [&](result<bool> r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return std::move(*answer);
    }

    task_queue loop_;
    std::shared_ptr<postgres::worker_pool> pool_;
    std::unique_ptr<chat::chat_directory> directory_;
};

TEST_F(sc_market, who_may_view_which_chat) {
    const std::vector<std::string> chats = {"plain", "order",         "offer",
                                            "both",  "private order", "private offer"};
    // A letter for each of these chats.
    const std::map<std::string, std::string> expected = {
        {"participant", "yyyyyy"}, {"customer", "nyyyyy"}, {"assignee", "nyyynn"},
        {"member", "nynnnn"},      {"manager", "nyyynn"},  {"admin", "nyyyyn"},
        {"stranger", "nnnnnn"},    {"rival", "nnnnnn"},    {"banned", "nnnnnn"},
        {"deleted", "nnnnnn"},
    };
    std::map<std::string, std::string> chat_ids;
    for (const auto& name : chats)
        chat_ids[name] = chat(name);
    for (const auto& [who, letters] : expected) {
        const auto user = account(who);
        std::string found;
        for (const auto& name : chats) {
            const auto answer = can_view(user, chat_ids[name]);
            ASSERT_TRUE(answer.has_value()) << who << ", " << name;
            found += *answer ? 'y' : 'n';
        }
        EXPECT_EQ(found, letters) << who;
    }
}

TEST_F(sc_market, what_names_nothing_is_a_no) {
    const auto user = account("participant");
    const auto plain = chat("plain");
    const std::string nobody = "00000000-0000-4000-8000-000000000000";
    EXPECT_EQ(can_view(user, "no uuid"), false);
    EXPECT_EQ(can_view("no uuid", plain), false);
    EXPECT_EQ(can_view(user, ""), false);
    EXPECT_EQ(can_view(user, nobody), false);
    EXPECT_EQ(can_view(nobody, plain), false);
    EXPECT_EQ(can_view(user, plain), true);
}

TEST_F(sc_market, banned_and_deleted_accounts_are_not_active) {
    std::optional<result<std::vector<std::string>>> answer;
    directory_->active_users(
        {account("admin"), account("banned"), "no uuid", account("deleted"), account("member")},
        [&](result<std::vector<std::string>> r) { answer = std::move(r); });
    ASSERT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
    ASSERT_TRUE(answer->has_value());
    EXPECT_THAT(**answer, testing::UnorderedElementsAre(account("admin"), account("member")));
}

TEST_F(sc_market, indexes_serve_the_question) {
    shared_server().execute(
        "insert into accounts (username) select 'u' || i from generate_series(1, 20000) i;"
        "insert into chats (name) select 'c' || i from generate_series(1, 20000) i;"
        "insert into chat_participants select c.chat_id, u.user_id from chats c join accounts u"
        "  on c.name = 'c' || substr(u.username, 2);"
        "analyze;");
    const auto plan =
        shared_server().execute("prepare q as " + shipped_queries().can_view_chat +
                                "; explain execute q('a0000000-0000-4000-8000-000000000001', "
                                "'a0000000-0000-4000-8000-000000000001');");
    EXPECT_THAT(plan, HasSubstr("accounts_pkey"));
    EXPECT_THAT(plan, HasSubstr("chats_pkey"));
    EXPECT_THAT(plan, HasSubstr("chat_participants_chat_id_user_id_key"));
}

}  // namespace
}  // namespace chat_gateway::tests
