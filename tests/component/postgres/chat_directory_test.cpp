#include "failure.hpp"
#include "shared_server.hpp"

#include <chat_gateway/postgres/postgres.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <support/print_result.hpp>
#include <support/task_queue.hpp>
#include <utility>
#include <vector>

namespace chat_gateway::tests {
namespace {

using namespace std::chrono_literals;
using chat::user_chat;
using testing::HasSubstr;
using testing::Not;
using rows = std::vector<user_chat>;

/// What only this adapter can get wrong; what all share is in the contract's suite.
class postgres_chat_directory : public testing::Test {
protected:
    void connect(postgres::queries q, std::chrono::milliseconds statement_timeout = 5000ms) {
        pool_ = postgres::make_worker_pool(
            {.url = shared_server().url(), .size = 1, .statement_timeout = statement_timeout},
            [this](unique_function<void()> task) { loop_.post(std::move(task)); });
        directory_ = postgres::make_chat_directory(pool_, std::move(q));
    }

    void make_table(const std::string& id_type) {
        shared_server().execute(
            "drop table if exists chat_participants;"
            "create table chat_participants (chat_id " +
            id_type + ", user_id " + id_type +
            ", unique (chat_id, user_id));"
            "create index on chat_participants (user_id);");
    }

    result<rows> chats(std::vector<std::string> users) {
        std::optional<result<rows>> answer;
        directory_->chats_of_users(std::move(users),
                                   [&](result<rows> r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        if (*answer) std::sort((*answer)->begin(), (*answer)->end());
        return *answer;
    }
    result<bool> can_view(const std::string& user, const std::string& chat) {
        std::optional<result<bool>> answer;
        directory_->can_view_chat(user, chat, [&](result<bool> r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return *answer;
    }

    result<std::vector<std::string>> active(std::vector<std::string> users) {
        std::optional<result<std::vector<std::string>>> answer;
        directory_->active_users(
            std::move(users), [&](result<std::vector<std::string>> r) { answer = std::move(r); });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return *answer;
    }
    boost::system::error_code ping() {
        std::optional<result<>> answer;
        directory_->ping([&](result<> r) { answer = r; });
        EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
        return *answer ? boost::system::error_code() : answer->error();
    }

    task_queue loop_;
    std::shared_ptr<postgres::worker_pool> pool_;
    std::unique_ptr<chat::chat_directory> directory_;
};

TEST_F(postgres_chat_directory, default_queries_serve_text_ids) {
    make_table("varchar(40)");
    shared_server().execute(R"(insert into chat_participants values)"
                            R"( ('general', 'ann'), ('a,b "c" \d {}', 'o''brien'))");
    connect(postgres::default_queries());
    EXPECT_EQ(chats({"ann", "o'brien", "eve"}),
              (rows{{"ann", "general"}, {"o'brien", R"(a,b "c" \d {})"}}));
    EXPECT_EQ(can_view("o'brien", R"(a,b "c" \d {})"), true);
    EXPECT_EQ(can_view("ann", R"(a,b "c" \d {})"), false);
}

TEST_F(postgres_chat_directory, default_queries_serve_integer_ids) {
    make_table("integer");
    shared_server().execute("insert into chat_participants values (7, 1), (8, 2)");
    connect(postgres::default_queries());
    EXPECT_EQ(chats({"1", "ann", "99999999999999999999", "2"}), (rows{{"1", "7"}, {"2", "8"}}));
    EXPECT_EQ(can_view("1", "7"), true);
    EXPECT_EQ(can_view("1", "99999999999999999999"), false);
}

TEST_F(postgres_chat_directory, awkward_text_ids_go_through_an_array_unharmed) {
    make_table("text");
    shared_server().execute(R"(insert into chat_participants values)"
                            R"( ('1', 'NULL'), ('2', ''), ('3', '{"x"}'), ('4', 'a\"b,'))");
    connect(postgres::default_queries());
    EXPECT_EQ(chats({"NULL", "", "{\"x\"}", "a\\\"b,"}),
              (rows{{"", "2"}, {"NULL", "1"}, {"a\\\"b,", "4"}, {"{\"x\"}", "3"}}));
}

TEST_F(postgres_chat_directory, default_queries_use_the_index_on_users) {
    make_table("uuid");
    shared_server().execute(
        "insert into chat_participants select gen_random_uuid(), gen_random_uuid() "
        "from generate_series(1, 20000); analyze chat_participants;");
    const auto plan = shared_server().execute(
        "prepare q as " + postgres::default_queries().chats_of_users +
        "; explain execute q('{\"a0000000-0000-4000-8000-000000000001\"}');");
    EXPECT_THAT(plan, HasSubstr("Index"));
    EXPECT_THAT(plan, Not(HasSubstr("Seq Scan")));
}

TEST_F(postgres_chat_directory, queries_may_cast_their_parameters_to_text) {
    connect({"select u, 'c-' || u from unnest($1::text[]) as u",
             "select $1::text || $2::text = 'ab'", ""});
    EXPECT_EQ(chats({"x", "y"}), (rows{{"x", "c-x"}, {"y", "c-y"}}));
    EXPECT_EQ(can_view("a", "b"), true);
    EXPECT_EQ(can_view("b", "a"), false);
}

/// What no column gives a type to is what the documentation says it is.
TEST_F(postgres_chat_directory, parameters_are_text_where_the_query_does_not_say) {
    make_table("uuid");
    const std::string ann = "a0000000-0000-4000-8000-000000000001";
    shared_server().execute("insert into chat_participants values ('" + ann + "', '" + ann + "')");
    connect({"select u, 'c-' || u from unnest($1) as u where array_length($1, 1) > 0",
             "select $1 || $2 = 'ab' or ($1 = 'x' and user_id = $1::uuid) "
             "from (select null::uuid as user_id) as none -- a comment",
             "select p.user_id::text from chat_participants p join unnest($1) as u "
             "on p.user_id = u::uuid where cardinality($1) > 0;"});
    EXPECT_FALSE(ping());
    for (int n = 0; n < 2; ++n) {
        EXPECT_EQ(chats({"x", R"(y'\"{},)", "z"}),
                  (rows{{"x", "c-x"}, {R"(y'\"{},)", R"(c-y'\"{},)"}, {"z", "c-z"}}));
        EXPECT_EQ(can_view("a", "b"), true);
        EXPECT_EQ(can_view("b", "a"), false);
        EXPECT_EQ(can_view("x", "a"), false) << "x is no uuid";
        EXPECT_EQ(active({"x", ann, "y"}), std::vector{ann});
    }
    EXPECT_FALSE(ping());
}

TEST_F(postgres_chat_directory, types_are_looked_at_anew_when_the_tables_change) {
    make_table("text");
    connect({"select user_id, chat_id from chat_participants where user_id = any($1)",
             "select exists (select from chat_participants where user_id = $1 || '' and "
             "chat_id = $2)",
             ""});
    shared_server().execute("insert into chat_participants values ('c', 'ann')");
    EXPECT_EQ(can_view("ann", "c"), true);
    EXPECT_EQ(chats({"ann"}), (rows{{"ann", "c"}}));
    shared_server().execute("drop table chat_participants");
    EXPECT_EQ(can_view("ann", "c").error(), postgres::refused());
    make_table("varchar(9)");
    shared_server().execute("insert into chat_participants values ('c', 'ann')");
    EXPECT_EQ(can_view("ann", "c"), true);
}

TEST_F(postgres_chat_directory, no_row_and_null_mean_no) {
    connect({"select 'a', 'b'", "select true where $1 = 'never' and $2 = 'ever'", ""});
    EXPECT_EQ(can_view("a", "b"), false);
    connect({"select 'a', 'b'", "select null::boolean where $1 <> $2", ""});
    EXPECT_EQ(can_view("a", "b"), false);
}

TEST_F(postgres_chat_directory, a_faulty_query_is_refused_and_harms_no_other) {
    connect({"select nonsense from nowhere where $1", "select $1 <> $2", ""});
    EXPECT_EQ(chats({"a"}).error(), postgres::refused());
    EXPECT_EQ(can_view("a", "b"), true);
}

TEST_F(postgres_chat_directory, a_query_with_the_wrong_columns_is_refused) {
    connect({"select $1::text", "select $1 <> $2, true", ""});
    EXPECT_EQ(chats({"a"}).error(), postgres::refused());
    EXPECT_EQ(can_view("a", "b").error(), postgres::refused());
}

TEST_F(postgres_chat_directory, is_not_ready_without_what_its_queries_read) {
    make_table("uuid");
    auto q = postgres::default_queries();
    connect(q);
    EXPECT_FALSE(ping());
    q.active_users = "select user_id::text from gone where user_id = any($1)";
    connect(q);
    EXPECT_EQ(ping(), postgres::refused());
    shared_server().execute("drop table chat_participants");
    connect(postgres::default_queries());
    EXPECT_EQ(ping(), postgres::refused());
    EXPECT_NE(ping().message().find("the log has"), std::string::npos);
    make_table("text");
    EXPECT_FALSE(ping()) << "as soon as it is there";
    connect({"select 'a', 'b' where $1 <> ''", "select true from gone where $1 <> $2", ""});
    EXPECT_EQ(ping(), postgres::refused());
}

TEST_F(postgres_chat_directory, a_slow_query_is_a_timeout) {
    connect({"select '', pg_sleep(60)::text where $1 <> ''", "select $1 <> $2", ""}, 500ms);
    EXPECT_EQ(chats({"a"}).error(), errc::timeout);
    EXPECT_EQ(can_view("a", "b"), true);
}

TEST_F(postgres_chat_directory, a_restart_between_two_questions_is_not_noticed) {
    connect({"", "select $1 <> $2", ""});
    EXPECT_EQ(can_view("a", "b"), true);
    shared_server().stop();
    shared_server().start();
    EXPECT_EQ(can_view("a", "b"), true);
}

TEST_F(postgres_chat_directory, may_go_before_its_answers) {
    connect({"", "select $1 <> $2", ""});
    std::optional<result<bool>> answer;
    directory_->can_view_chat("a", "b", [&](result<bool> r) { answer = std::move(r); });
    directory_.reset();
    EXPECT_TRUE(loop_.run_until([&] { return answer.has_value(); }));
    EXPECT_EQ(*answer, true);
}

}  // namespace
}  // namespace chat_gateway::tests
