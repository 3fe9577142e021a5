#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/command_tree.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "support/command.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;

class ProgramTest : public testing::Test {
  protected:
    ProgramTest() { add_commands(*program_, status_); }

    int run(std::vector<std::string> words) {
        words.insert(words.begin(), "fairlead");
        std::vector<char*> arguments;
        for (auto& word : words)
            arguments.push_back(word.data());
        return cli::run(*program_, static_cast<int>(arguments.size()), arguments.data(), status_);
    }

    int status_ = 0;
    Program program_ = make_program();
};

TEST_F(ProgramTest, EveryCommandAndOptionIsDescribed) {
    for (const auto& command : describe_commands(*program_)) {
        EXPECT_FALSE(command.summary.empty());
        for (const auto& option : command.options)
            EXPECT_FALSE(option.help.empty()) << testing::PrintToString(option.names);
    }
}

TEST_F(ProgramTest, ManPageAndCompletionNameEveryCommand) {
    const auto man = man_page(*program_);
    const auto bash = completion_script(*program_, "bash");
    const auto fish = completion_script(*program_, "fish");
    for (const auto& command : describe_commands(*program_)) {
        if (command.path.empty()) continue;
        EXPECT_THAT(man, HasSubstr(".SS fairlead " + command.path.front()));
        EXPECT_THAT(bash, HasSubstr("'" + command.path.front() + "'"));
        EXPECT_THAT(fish, HasSubstr("-a '" + command.path.back() + "'"));
    }
}

TEST_F(ProgramTest, BashTakesTheCompletionScriptAndCompletesWithIt) {
    const auto script = completion_script(*program_, "bash");
    const auto completed = test::output_of(
        "bash -c '" +
        std::string(
            "eval \"$0\"; COMP_WORDS=(fairlead get -); COMP_CWORD=2; _fairlead; echo ${COMPREPLY[@]}") +
        "' " + "\"$(cat <<'END'\n" + script + "\nEND\n)\"");
    EXPECT_THAT(completed, HasSubstr("--namespace"));
    EXPECT_THAT(completed, testing::Not(HasSubstr("services")));
}

TEST_F(ProgramTest, WrongUsageIsStatusTwoAndAnAgentThatIsNotThereStatusOne) {
    EXPECT_EQ(run({}), 2);
    EXPECT_EQ(run({"nonsense"}), 2);
    EXPECT_EQ(run({"get", "pods"}), 2);
    EXPECT_EQ(run({"get", "services", "--admin-address", "127.0.0.1:9"}), 1);
}

}  // namespace
}  // namespace fairlead::cli
