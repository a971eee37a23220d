#include <chat_gateway/base/batcher.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace chat_gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using test_batcher = batcher<std::string, int>;
using strings = std::vector<std::string>;
using numbers = std::vector<int>;

/// Keeps the questions that a batcher asks until the test answers them.
struct oracle {
    struct question {
        strings keys;
        unique_function<void(test_batcher::answer)> done;
    };
    std::vector<question> asked;

    test_batcher::ask_function ask() {
        return [this](strings keys, unique_function<void(test_batcher::answer)> done) {
            asked.push_back({std::move(keys), std::move(done)});
        };
    }
    void answer(std::size_t index, std::vector<std::pair<std::string, int>> values) {
        asked.at(index).done(std::move(values));
    }
};

class batching : public testing::Test {
protected:
    void make(test_batcher::options o) { tested = std::make_unique<test_batcher>(o, source.ask()); }

    /// Asks and notes the answer as text.
    void get(const std::string& key) {
        tested->get(key, [this, key](result<numbers> r) {
            told.push_back(key + (r ? testing::PrintToString(*r) : ": " + r.error().message()));
        });
    }
    strings take_told() { return std::exchange(told, {}); }

    oracle source;
    std::unique_ptr<test_batcher> tested;
    strings told;
};

TEST_F(batching, the_first_is_asked_at_once) {
    make({});
    get("a");
    ASSERT_EQ(source.asked.size(), 1U);
    EXPECT_THAT(source.asked[0].keys, ElementsAre("a"));
    EXPECT_THAT(told, IsEmpty());
    source.answer(0, {{"a", 1}, {"a", 2}});
    EXPECT_THAT(told, ElementsAre("a{ 1, 2 }"));
}

TEST_F(batching, what_comes_meanwhile_waits_and_is_asked_together_in_order) {
    make({.max_in_flight = 2});
    for (const auto* key : {"a", "b", "z", "c", "y"})
        get(key);
    ASSERT_EQ(source.asked.size(), 2U);
    source.answer(1, {{"b", 2}});
    ASSERT_EQ(source.asked.size(), 3U);
    EXPECT_THAT(source.asked[2].keys, ElementsAre("z", "c", "y"));
    EXPECT_THAT(take_told(), ElementsAre("b{ 2 }"));
    source.answer(2, {{"y", 3}, {"z", 4}});
    EXPECT_THAT(take_told(), testing::UnorderedElementsAre("z{ 4 }", "c{}", "y{ 3 }"));
    source.answer(0, {{"a", 1}});
    EXPECT_THAT(take_told(), ElementsAre("a{ 1 }"));
}

TEST_F(batching, a_batch_has_at_most_so_many_keys) {
    make({.max_batch = 2, .max_in_flight = 1});
    for (const auto* key : {"a", "b", "c", "d"})
        get(key);
    source.answer(0, {});
    EXPECT_THAT(source.asked.at(1).keys, ElementsAre("b", "c"));
    source.answer(1, {});
    EXPECT_THAT(source.asked.at(2).keys, ElementsAre("d"));
}

TEST_F(batching, equal_waiting_keys_are_asked_once_and_all_told) {
    make({.max_in_flight = 1});
    for (const auto* key : {"a", "b", "b", "b"})
        get(key);
    source.answer(0, {});
    EXPECT_THAT(source.asked.at(1).keys, ElementsAre("b"));
    take_told();
    source.answer(1, {{"b", 5}});
    EXPECT_THAT(told, ElementsAre("b{ 5 }", "b{ 5 }", "b{ 5 }"));
}

TEST_F(batching, a_key_in_flight_is_asked_again) {
    make({.max_in_flight = 2});
    get("a");
    get("a");
    ASSERT_EQ(source.asked.size(), 2U);
    source.answer(1, {{"a", 2}});
    source.answer(0, {{"a", 1}});
    EXPECT_THAT(told, ElementsAre("a{ 2 }", "a{ 1 }"));
}

TEST_F(batching, an_error_goes_to_each_waiter_of_its_batch_only) {
    make({.max_in_flight = 1});
    for (const auto* key : {"a", "b", "b", "c"})
        get(key);
    source.answer(0, {{"a", 1}});
    take_told();
    get("d");
    const auto error = make_error_code(errc::timeout);
    source.asked.at(1).done(error);
    EXPECT_THAT(take_told(),
                testing::UnorderedElementsAre("b: " + error.message(), "b: " + error.message(),
                                              "c: " + error.message()));
    source.answer(2, {{"d", 1}});
    EXPECT_THAT(told, ElementsAre("d{ 1 }"));
}

TEST_F(batching, values_of_keys_that_were_not_asked_are_dropped) {
    make({});
    get("a");
    source.answer(0, {{"b", 2}, {"a", 1}});
    EXPECT_THAT(told, ElementsAre("a{ 1 }"));
}

TEST_F(batching, waiting_keys_beyond_the_limit_are_refused) {
    make({.max_in_flight = 1, .max_waiting = 2});
    for (const auto* key : {"a", "b", "c", "d"})
        get(key);
    const auto refused = make_error_code(errc::overloaded).message();
    EXPECT_THAT(take_told(), ElementsAre("d: " + refused));
    get("c");
    EXPECT_THAT(take_told(), IsEmpty()) << "an equal key takes no room";
    source.answer(0, {});
    take_told();
    get("d");
    source.answer(1, {});
    EXPECT_THAT(source.asked.at(2).keys, ElementsAre("d"));
}

TEST_F(batching, destroying_it_forgets_the_waiters) {
    make({.max_in_flight = 1});
    const auto witness = std::make_shared<int>(0);
    for (const auto* key : {"a", "b"}) {
        tested->get(key, [witness](const result<numbers>&) { ADD_FAILURE() << "forgotten"; });
    }
    EXPECT_EQ(witness.use_count(), 3);
    tested.reset();
    EXPECT_EQ(witness.use_count(), 1);
    source.answer(0, {{"a", 1}});
    EXPECT_EQ(source.asked.size(), 1U) << "nobody waits for b";
}

TEST_F(batching, a_waiter_may_ask_again) {
    make({.max_in_flight = 1});
    tested->get("a", [this](const result<numbers>&) { get("b"); });
    source.answer(0, {});
    EXPECT_THAT(source.asked.at(1).keys, ElementsAre("b"));
    source.answer(1, {{"b", 2}});
    EXPECT_THAT(told, ElementsAre("b{ 2 }"));
}

TEST_F(batching, a_waiter_may_destroy_it) {
    make({.max_in_flight = 1});
    get("a");
    for (int i = 0; i < 2; ++i) {
        tested->get("b", [this](const result<numbers>&) {
            told.push_back("destroyed");
            tested.reset();
        });
    }
    source.answer(0, {});
    take_told();
    source.answer(1, {});
    EXPECT_THAT(told, ElementsAre("destroyed"));
}

TEST(batching_at_once, a_source_may_answer_from_inside_the_call) {
    int asked = 0;
    test_batcher tested({.max_in_flight = 1},
                        [&](strings keys, unique_function<void(test_batcher::answer)> done) {
                            ++asked;
                            done(std::vector{std::pair{keys.front(), asked}});
                        });
    numbers values;
    for (const auto* key : {"a", "b"}) {
        tested.get(key, [&](const result<numbers>& r) { values.push_back(r.value().at(0)); });
    }
    EXPECT_THAT(values, ElementsAre(1, 2));
}

TEST(batching_at_once, even_if_the_waiter_destroys_it) {
    std::optional<test_batcher> tested;
    tested.emplace(test_batcher::options{},
                   [](const strings&, unique_function<void(test_batcher::answer)> done) {
                       done(std::vector<std::pair<std::string, int>>{});
                   });
    bool told = false;
    tested->get("a", [&](const result<numbers>&) {
        told = true;
        tested.reset();
    });
    EXPECT_TRUE(told);
    EXPECT_FALSE(tested);
}

}  // namespace
}  // namespace chat_gateway
