#include "log_format.hpp"

#include <chat_gateway/base/log.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace chat_gateway;
using log::field;
using log::format;
using log::level;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr auto noon =
    system_clock::time_point(milliseconds(1769850307042));  // 2026-01-31T09:05:07.042Z

std::string text(std::string_view message, std::vector<field> fields = {}, level l = level::info) {
    return log::format_line(format::text, noon, l, message, fields);
}

std::string json(std::string_view message, std::vector<field> fields = {}, level l = level::info) {
    return log::format_line(format::json, noon, l, message, fields);
}

/// What a text line shows for one value.
std::string shown(std::string_view value) {
    const auto line = text("m", {{"k", value}});
    return line.substr(line.find("k=") + 2);
}

TEST(LogText, IsTimeLevelMessageFields) {
    EXPECT_EQ(text("listening", {{"host", "0.0.0.0"}, {"port", 7000}}),
              "2026-01-31T09:05:07.042Z info listening host=0.0.0.0 port=7000");
}

TEST(LogText, NamesEveryLevel) {
    EXPECT_EQ(text("m", {}, level::trace), "2026-01-31T09:05:07.042Z trace m");
    EXPECT_EQ(text("m", {}, level::debug), "2026-01-31T09:05:07.042Z debug m");
    EXPECT_EQ(text("m", {}, level::info), "2026-01-31T09:05:07.042Z info m");
    EXPECT_EQ(text("m", {}, level::warn), "2026-01-31T09:05:07.042Z warn m");
    EXPECT_EQ(text("m", {}, level::error), "2026-01-31T09:05:07.042Z error m");
}

TEST(LogText, TimeKeepsLeadingZerosOfTheFraction) {
    const auto line = log::format_line(format::text, system_clock::time_point(milliseconds(7)),
                                       level::info, "m", {});
    EXPECT_EQ(line, "1970-01-01T00:00:00.007Z info m");
}

TEST(LogText, TimeBeforeTheEpochIsStillATime) {
    const auto line = log::format_line(format::text, system_clock::time_point(milliseconds(-1)),
                                       level::info, "m", {});
    EXPECT_EQ(line, "1969-12-31T23:59:59.999Z info m");
}

TEST(LogText, QuotesOnlyWhatCouldBeMisread) {
    EXPECT_EQ(shown("plain/value:1"), "plain/value:1");
    EXPECT_EQ(shown(""), R"("")");
    EXPECT_EQ(shown("two words"), R"("two words")");
    EXPECT_EQ(shown("a=b"), R"("a=b")");
    EXPECT_EQ(shown(R"(say "no")"), R"("say \"no\"")");
    EXPECT_EQ(shown(R"(back\slash)"), R"("back\\slash")");
}

TEST(LogText, AValueCannotBreakTheLineOrForgeAnother) {
    EXPECT_EQ(shown("a\nb\r\tc"), R"("a\nb\r\tc")");
    EXPECT_EQ(shown(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(shown("\x1b[31m"), R"("\u001b[31m")");
    EXPECT_EQ(shown("\x7f"), R"("\u007f")");
    EXPECT_EQ(shown("\u0085|\u009b"), R"("\u0085|\u009b")");
    EXPECT_EQ(shown("\u2028\u2029"), R"("\u2028\u2029")");
}

TEST(LogText, KeepsOtherUnicode) {
    EXPECT_EQ(shown("\u00a0"), "\u00a0");
    EXPECT_EQ(shown("Grüße"), "Grüße");
    EXPECT_EQ(shown("日本😀"), "日本😀");
}

TEST(LogText, BytesThatAreNoUtf8AreReplacedOneByOne) {
    EXPECT_EQ(shown("\xff"), R"("\ufffd")");
    EXPECT_EQ(shown("a\xc3"), R"("a\ufffd")");
    EXPECT_EQ(shown("\xc3(\xc3\xa9"), "\"\\ufffd(\u00e9\"");
    EXPECT_EQ(shown("\xe2\x82"), R"("\ufffd\ufffd")");
    EXPECT_EQ(shown("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // a surrogate
}

TEST(LogText, AMessageIsOneLineToo) {
    EXPECT_EQ(text("ERROR: a\nDETAIL: b"), R"(2026-01-31T09:05:07.042Z info ERROR: a\nDETAIL: b)");
}

TEST(LogJson, IsOneObjectWithNumbersAsNumbers) {
    EXPECT_EQ(
        json("listening", {{"host", "::"}, {"port", 7000}}, level::warn),
        R"({"time":"2026-01-31T09:05:07.042Z","level":"warn","message":"listening","host":"::","port":7000})");
}

TEST(LogJson, NumbersKeepTheirWholeRange) {
    EXPECT_NE(json("m", {{"n", std::numeric_limits<std::uint64_t>::max()}})
                  .find("\"n\":18446744073709551615}"),
              std::string::npos);
    EXPECT_NE(json("m", {{"n", std::numeric_limits<std::int64_t>::min()}})
                  .find("\"n\":-9223372036854775808}"),
              std::string::npos);
}

TEST(LogJson, EveryByteMakesAValidLineThatReadsBack) {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string value = std::string("<") + static_cast<char>(byte) + ">";
        const auto line = json(value, {{"k", value}});
        EXPECT_EQ(line.find('\n'), std::string::npos) << byte;
        const auto parsed = nlohmann::json::parse(line, nullptr, false);
        ASSERT_FALSE(parsed.is_discarded()) << line;
        const auto expected = byte < 0x80 ? value : std::string("<\ufffd>");
        EXPECT_EQ(parsed["message"], expected) << line;
        EXPECT_EQ(parsed["k"], expected) << line;
    }
}

class LogWrite : public testing::Test {
protected:
    void TearDown() override { log::init(level::info, format::text); }
    static std::vector<std::string> lines(const std::string& output) {
        std::vector<std::string> all;
        for (std::size_t from = 0; from < output.size();) {
            const auto end = output.find('\n', from);
            all.push_back(output.substr(from, end - from));
            if (end == std::string::npos) break;
            from = end + 1;
        }
        return all;
    }
};

TEST_F(LogWrite, GoesToStandardErrorWithItsFields) {
    testing::internal::CaptureStderr();
    log::warn("over {} there %v", {{"k", "{x}"}});
    const auto output = lines(testing::internal::GetCapturedStderr());
    ASSERT_EQ(output.size(), 1U);
    EXPECT_TRUE(output[0].ends_with("Z warn over {} there %v k={x}")) << output[0];
}

TEST_F(LogWrite, StaysSilentBelowTheMinimum) {
    testing::internal::CaptureStderr();
    log::write(level::debug, "hidden");
    log::init(level::error, format::text);
    log::info("hidden");
    log::warn("hidden");
    log::error("seen");
    const auto output = lines(testing::internal::GetCapturedStderr());
    ASSERT_EQ(output.size(), 1U);
    EXPECT_TRUE(output[0].ends_with(" error seen"));
}

TEST_F(LogWrite, EnabledFollowsTheMinimum) {
    EXPECT_FALSE(log::enabled(level::debug));
    EXPECT_TRUE(log::enabled(level::info));
    log::init(level::trace, format::text);
    EXPECT_TRUE(log::enabled(level::trace));
}

TEST_F(LogWrite, TakesTheFormatFromInit) {
    log::init(level::info, format::json);
    testing::internal::CaptureStderr();
    log::info("m", {{"n", 1}});
    const auto parsed =
        nlohmann::json::parse(testing::internal::GetCapturedStderr(), nullptr, false);
    ASSERT_TRUE(parsed.is_object());
    EXPECT_EQ(parsed["n"], 1);
}

TEST_F(LogWrite, LinesOfSeveralThreadsDoNotMix) {
    log::init(level::debug, format::text);  // of these every line passes
    testing::internal::CaptureStderr();
    std::vector<std::thread> writers;
    for (int t = 0; t < 4; ++t) {
        writers.emplace_back([t] {
            for (int i = 0; i < 100; ++i)
                log::debug("line", {{"thread", t}, {"tail", "end"}});
        });
    }
    for (auto& w : writers)
        w.join();
    const auto output = lines(testing::internal::GetCapturedStderr());
    EXPECT_EQ(output.size(), 400U);
    for (const auto& line : output)
        EXPECT_TRUE(line.ends_with(" tail=end")) << line;
}

}  // namespace
