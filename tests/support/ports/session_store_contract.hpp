#pragma once

#include <chat_gateway/chat/ports/session_store.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What every chat::session_store keeps to. A store's tests bring a default-constructible
/// `Backend`:
///
///     chat::session_store& store();
///     void put(const std::string& id, const std::string& record);
///     void put_expired(const std::string& id, const std::string& record);  // its time is up
///     void make_unavailable();                                   // nobody answers any more
///     void run_until(const std::function<bool()>& done);         // drives the loop, with a limit
///
/// and instantiate: INSTANTIATE_TYPED_TEST_SUITE_P(Memory, SessionStoreContract, my_backend);
namespace chat_gateway::tests {

template <class Backend>
class SessionStoreContract : public ::testing::Test {
protected:
    using loaded = result<std::optional<std::string>>;

    loaded load(const std::string& id) {
        std::optional<loaded> answer;
        backend_.store().load(id, [&](loaded r) { answer = std::move(r); });
        backend_.run_until([&] { return answer.has_value(); });
        return answer ? *answer : loaded(make_error_code(errc::timeout));
    }

    result<> ping() {
        std::optional<result<>> answer;
        backend_.store().ping([&](result<> r) { answer = r; });
        backend_.run_until([&] { return answer.has_value(); });
        return answer ? *answer : result<>(make_error_code(errc::timeout));
    }

    Backend backend_;
};

TYPED_TEST_SUITE_P(SessionStoreContract);

TYPED_TEST_P(SessionStoreContract, LoadsTheRecordAsItWasStored) {
    const std::string record = R"({"cookie":{"path":"/"},"passport":{"user":"ünïcode \t 😀"}})";
    this->backend_.put("abc", record);
    const auto answer = this->load("abc");
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(*answer, record);
}

TYPED_TEST_P(SessionStoreContract, AnUnknownIdHasNoRecord) {
    this->backend_.put("abc", "{}");
    const auto answer = this->load("abcd");
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(*answer, std::nullopt);
}

TYPED_TEST_P(SessionStoreContract, AnExpiredRecordIsNone) {
    this->backend_.put_expired("old", "{}");
    const auto answer = this->load("old");
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(*answer, std::nullopt);
}

TYPED_TEST_P(SessionStoreContract, IdsAreOpaqueText) {
    const std::vector<std::string> ids = {"a b",    "it's \"quoted\"", "*", "%s", "{}",
                                          "žluť-😀", "line\r\nbreak"};
    for (const auto& id : ids)
        this->backend_.put(id, R"({"id":")" + std::to_string(id.size()) + "\"}");
    for (const auto& id : ids) {
        const auto answer = this->load(id);
        ASSERT_TRUE(answer.has_value()) << id << ": " << answer.error().message();
        EXPECT_EQ(*answer, R"({"id":")" + std::to_string(id.size()) + "\"}") << id;
    }
}

// An id comes from a cookie: bytes that no store would have made must do no harm.
TYPED_TEST_P(SessionStoreContract, IdsThatCannotExistHaveNoRecord) {
    const std::vector<std::string> ids = {"", std::string("nul\0inside", 10), "\xff\xfe\x80",
                                          std::string(8000, 'x')};
    for (const auto& id : ids) {
        const auto answer = this->load(id);
        ASSERT_TRUE(answer.has_value()) << answer.error().message();
        EXPECT_EQ(*answer, std::nullopt);
    }
}

TYPED_TEST_P(SessionStoreContract, ManyLoadsAtOnceEachGetTheirOwnRecord) {
    constexpr int count = 500;
    for (int i = 0; i < count; i += 2)
        this->backend_.put("id" + std::to_string(i), R"({"n":)" + std::to_string(i) + "}");
    std::map<int, std::optional<std::string>> answers;
    std::size_t failed = 0;
    for (int i = 0; i < count; ++i) {
        this->backend_.store().load("id" + std::to_string(i), [&, i](auto r) {
            if (r)
                answers[i] = *r;
            else
                ++failed;
        });
    }
    this->backend_.run_until([&] { return answers.size() + failed == count; });
    EXPECT_EQ(failed, 0U);
    ASSERT_EQ(answers.size(), static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        if (i % 2 == 0)
            EXPECT_EQ(answers[i], R"({"n":)" + std::to_string(i) + "}");
        else
            EXPECT_EQ(answers[i], std::nullopt) << i;
    }
}

TYPED_TEST_P(SessionStoreContract, ManyAtOnceAreAnsweredInTheirOrder) {
    this->backend_.put("a", R"({"n":1})");
    this->backend_.put("c", R"({"n":3})");
    using answers = std::vector<result<std::optional<std::string>>>;
    std::optional<answers> got;
    const auto ask = [&](std::vector<std::string> ids) {
        got.reset();
        this->backend_.store().load_many(std::move(ids),
                                         [&](answers all) { got = std::move(all); });
        EXPECT_FALSE(got.has_value());
        this->backend_.run_until([&] { return got.has_value(); });
    };
    ask({"c", "b", "a", "c"});
    ASSERT_TRUE(got && got->size() == 4);
    EXPECT_EQ((*got)[0].value(), R"({"n":3})");
    EXPECT_EQ((*got)[1].value(), std::nullopt);
    EXPECT_EQ((*got)[2].value(), R"({"n":1})");
    EXPECT_EQ((*got)[3].value(), R"({"n":3})");
    ask({});
    EXPECT_TRUE(got && got->empty());
    this->backend_.make_unavailable();
    ask({"a", "b"});
    ASSERT_TRUE(got && got->size() == 2);
    EXPECT_EQ((*got)[0].error(), errc::unavailable);
    EXPECT_EQ((*got)[1].error(), errc::unavailable);
}

TYPED_TEST_P(SessionStoreContract, NeverAnswersFromInsideTheCall) {
    bool answered = false;
    bool pinged = false;
    this->backend_.store().load("abc", [&](auto) { answered = true; });
    this->backend_.store().ping([&](auto) { pinged = true; });
    EXPECT_FALSE(answered);
    EXPECT_FALSE(pinged);
    this->backend_.run_until([&] { return answered && pinged; });
    EXPECT_TRUE(answered && pinged);
}

TYPED_TEST_P(SessionStoreContract, PingAnswersWhileTheStoreIsThere) {
    const auto answer = this->ping();
    EXPECT_TRUE(answer.has_value()) << answer.error().message();
}

TYPED_TEST_P(SessionStoreContract, AnUnavailableStoreSaysSo) {
    this->backend_.put("abc", "{}");
    ASSERT_TRUE(this->load("abc").has_value());
    this->backend_.make_unavailable();
    const auto answer = this->load("abc");
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error(), errc::unavailable);
    const auto pinged = this->ping();
    ASSERT_FALSE(pinged.has_value());
    EXPECT_EQ(pinged.error(), errc::unavailable);
}

REGISTER_TYPED_TEST_SUITE_P(SessionStoreContract, LoadsTheRecordAsItWasStored,
                            AnUnknownIdHasNoRecord, AnExpiredRecordIsNone, IdsAreOpaqueText,
                            IdsThatCannotExistHaveNoRecord, ManyLoadsAtOnceEachGetTheirOwnRecord,
                            ManyAtOnceAreAnsweredInTheirOrder, NeverAnswersFromInsideTheCall,
                            PingAnswersWhileTheStoreIsThere, AnUnavailableStoreSaysSo);

}  // namespace chat_gateway::tests
