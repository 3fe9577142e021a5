#include "cli/spelling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/program.h"

namespace fairlead::cli {
namespace {

using Words = std::vector<std::string>;

class SpellingTest : public testing::Test {
  protected:
    SpellingTest() { add_commands(*program_, status_); }

    int status_ = 0;
    Program program_ = make_program();
};

TEST_F(SpellingTest, TakesEqualSignsOfOptionsApart) {
    const struct {
        Words given;
        Words spelled;
    } cases[] = {
        {{"get", "svc", "-n=shop"}, {"get", "svc", "-nshop"}},
        {{"get", "svc", "-o=json"}, {"get", "svc", "-ojson"}},
        {{"get", "-wn=shop"}, {"get", "-wnshop"}},
        {{"get", "-n=", "svc"}, {"get", "-n", "", "svc"}},
        {{"get", "--namespace=", "svc"}, {"get", "--namespace", "", "svc"}},
        {{"get", "-A=true"}, {"get", "--all-namespaces=true"}},
        {{"get", "--namespace=shop", "a=b"}, {"get", "--namespace=shop", "a=b"}},
        {{"get", "--", "-n=shop", "--x="}, {"get", "--", "-n=shop", "--x="}},
        {{"get", "-=x", "-9=x", "--="}, {"get", "-=x", "-9=x", "--="}},
        {{}, {}},
    };
    for (const auto& [given, spelled] : cases)
        EXPECT_EQ(spell_out(*program_, given), spelled) << testing::PrintToString(given);
}

TEST_F(SpellingTest, NamesTheCommandThatIsUnknown) {
    const struct {
        Words words;
        std::string_view message;
    } cases[] = {
        {{"gte"}, "unknown command 'gte'; did you mean 'get'?"},
        {{"--help", "versoin", "x"}, "unknown command 'versoin'; did you mean 'version'?"},
        {{"frobnicate"}, "unknown command 'frobnicate'"},
        {{"x"}, "unknown command 'x'"},
    };
    for (const auto& [words, message] : cases) {
        const auto unknown = find_unknown_command(*program_, words);
        ASSERT_TRUE(unknown) << message;
        EXPECT_EQ(unknown->message, message);
        EXPECT_EQ(unknown->above, program_.get());
    }
    for (const auto& words : {Words{}, Words{"get", "gte"}, Words{"--version"}, Words{"__complete", "x"}})
        EXPECT_FALSE(find_unknown_command(*program_, words)) << testing::PrintToString(words);
}

}  // namespace
}  // namespace fairlead::cli
