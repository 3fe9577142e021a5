#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace fairlead::base {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

class LogTest : public testing::Test {
  protected:
    void TearDown() override { configure_log(LogLevel::kInfo, LogFormat::kText); }

    static std::string written(LogLevel level, LogFormat format, const std::function<void()>& write) {
        configure_log(level, format);
        testing::internal::CaptureStderr();
        write();
        return testing::internal::GetCapturedStderr();
    }
};

TEST_F(LogTest, TextIsTimeLevelMessageAndFields) {
    const auto line = written(LogLevel::kInfo, LogFormat::kText, [] {
        log_warning("somebody came", {{"name", "eve"}, {"count", 3}, {"of", "two words"}});
    });
    EXPECT_THAT(line, MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z warning "
                                   "somebody came name=eve count=3 of=\"two words\"\n"));
}

TEST_F(LogTest, JsonIsOneObjectALineWithNumbersAsNumbers) {
    const auto lines = written(LogLevel::kDebug, LogFormat::kJson, [] {
        log_debug("said \"so\"", {{"name", "eve\n"}, {"count", 3}, {"seconds", 0.5}, {"empty", ""}});
        log_error("failed");
    });
    EXPECT_THAT(lines,
                MatchesRegex("\\{\"time\":\"[0-9T:.-]+Z\",\"level\":\"debug\",\"message\":\"said "
                             "\\\\\"so\\\\\"\",\"name\":\"eve\\\\n\",\"count\":3,\"seconds\":0.500000,"
                             "\"empty\":\"\"\\}\n"
                             "\\{\"time\":\"[0-9T:.-]+Z\",\"level\":\"error\",\"message\":\"failed\"\\}\n"));
}

TEST_F(LogTest, WritesTheLevelThatWasAskedForAndAbove) {
    const std::pair<LogLevel, int> cases[] = {
        {LogLevel::kDebug, 4}, {LogLevel::kInfo, 3}, {LogLevel::kWarning, 2}, {LogLevel::kError, 1}};
    for (const auto& [level, lines] : cases) {
        const auto text = written(level, LogFormat::kText, [] {
            log_debug("a");
            log_info("b");
            log_warning("c");
            log_error("d");
        });
        EXPECT_EQ(std::ranges::count(text, '\n'), lines) << name_of(level);
    }
}

TEST_F(LogTest, TextValuesAreQuotedWhereTheyCouldBeTakenForSomethingElse) {
    const std::pair<std::string, std::string> cases[] = {
        {"10.0.0.1:80", "v=10.0.0.1:80\n"},
        {"", "v=\"\"\n"},
        {"a b", "v=\"a b\"\n"},
        {"a=b", "v=\"a=b\"\n"},
        {"a\"b", "v=\"a\\\"b\"\n"},
        {"C:\\", "v=\"C:\\\\\"\n"},
        {"a\nb", "v=\"a\\nb\"\n"},
        {"\r", "v=\"\\u000d\"\n"},
        {"\x1b[2J", "v=\"\\u001b[2J\"\n"},
        {"\xc2\x9b", "v=\"\\u009b\"\n"},
    };
    for (const auto& [value, wanted] : cases)
        EXPECT_THAT(written(LogLevel::kInfo, LogFormat::kText, [&] { log_info("m", {{"v", value}}); }),
                    testing::EndsWith(" m " + wanted));
}

TEST_F(LogTest, MessagesCannotSteerTheTerminalNorMakeLines) {
    const auto line = written(LogLevel::kInfo, LogFormat::kText,
                              [] { log_info("Service shop/\x1b]0;x\x07 is\nbad: 'a\"b'"); });
    EXPECT_THAT(line, HasSubstr("Service shop/\\u001b]0;x\\u0007 is\\nbad: "));
    EXPECT_EQ(std::ranges::count(line, '\n'), 1);
}

TEST_F(LogTest, NamesOfLevelsAndFormatsAreReadBack) {
    for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError})
        EXPECT_EQ(parse_log_level(name_of(level)), level);
    for (const auto format : {LogFormat::kText, LogFormat::kJson})
        EXPECT_EQ(parse_log_format(name_of(format)), format);
    EXPECT_EQ(parse_log_level("loud").error().message,
              "'loud' is not a log level (one of debug, info, warning, error)");
    EXPECT_EQ(parse_log_format("xml").error().message, "'xml' is not a log format (one of text, json)");
}

}  // namespace
}  // namespace fairlead::base
