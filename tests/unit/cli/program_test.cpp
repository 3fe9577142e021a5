#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "cli/command_tree.h"
#include "cli/man_page.h"

namespace fairlead::cli {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;
using Words = std::vector<std::string>;

class ProgramTest : public testing::Test {
  protected:
    ProgramTest() { add_commands(*program_, status_); }

    int run(Words words) {
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
        for (const auto& option : command.options) {
            EXPECT_FALSE(option.help.empty()) << testing::PrintToString(option.names);
            EXPECT_EQ(option.placeholder.find_first_of("{}[]"), std::string::npos) << option.placeholder;
            EXPECT_NE(option.placeholder, "TEXT") << testing::PrintToString(option.names);
        }
    }
}

TEST_F(ProgramTest, ManPageHasEveryCommandAndTheUsualSections) {
    const auto man = man_page(*program_);
    for (const auto& command : describe_commands(*program_)) {
        if (command.path.empty()) continue;
        EXPECT_THAT(man, HasSubstr(".SS fairlead " + command.path.front()));
    }
    for (const auto* section : {"EXAMPLES", "ENVIRONMENT", "FILES", "SIGNALS", "EXIT STATUS", "SEE ALSO"})
        EXPECT_THAT(man, HasSubstr(std::string(".SH ") + section + "\n"));
    EXPECT_THAT(man, HasSubstr("FAIRLEAD_ADMIN_ADDRESS"));
    EXPECT_THAT(man, HasSubstr("fairlead get svc cart \\-n shop \\-o yaml\n"));
}

TEST_F(ProgramTest, WrongUsageIsStatusTwoAndSaysWhereToLook) {
    const struct {
        Words words;
        std::string_view message;
    } cases[] = {
        {{}, "See 'fairlead --help'"},
        {{"gte"}, "unknown command 'gte'; did you mean 'get'?\nSee 'fairlead --help'"},
        {{"get"}, "resource is required\nSee 'fairlead get --help'"},
        {{"get", "pods"}, "fairlead has no 'pods', only services (service, svc)\nSee 'fairlead get --help'"},
        {{"get", "svc", "--namspace", "x"}, "unexpected argument '--namspace'; did you mean '--namespace'?"},
        {{"get", "svc", "-o", "xml"}, "xml not in {wide,json,yaml}"},
        {{"get", "svc", "-n", "a b"}, "'a b' is no Kubernetes name"},
        {{"get", "svc", "-n", ""}, "'' is no Kubernetes name"},
        {{"get", "svc", "-n="}, "'' is no Kubernetes name"},
        {{"get", "svc", "--namespace="}, "'' is no Kubernetes name"},
        {{"describe", "svc", "-n==shop"}, "'=shop' is no Kubernetes name"},
        {{"get", "svc/a", "b"}, "not both\nSee 'fairlead get --help'"},
        {{"get", "svc", "--admin-address", "here"}, "here"},
        {{"completion", "tcsh"}, "tcsh"},
        {{"conntrack"}, "See 'fairlead conntrack --help'"},
        {{"conntrack", "top", "nodes"}, "nodes not in {services,pods,peers,states}"},
        {{"conntrack", "top", "-n", "0"}, "0"},
        {{"conntrack", "get", "--state", "open"}, "--state: 'open' is not a state of TCP"},
        {{"conntrack", "get", "--port", "65536"}, "65536"},
        {{"conntrack", "get", "-n", "a b"}, "'a b' is no Kubernetes name"},
        {{"conntrack", "delete"},
         "without a filter it would be all of them\nSee 'fairlead conntrack delete --help'"},
        {{"conntrack", "delete", "--dry-run", "-n", "shop"}, "without a filter it would be all of them"},
    };
    for (const auto& [words, message] : cases) {
        CaptureStderr();
        EXPECT_EQ(run(words), 2) << testing::PrintToString(words);
        EXPECT_THAT(GetCapturedStderr(), HasSubstr(message)) << testing::PrintToString(words);
    }
}

TEST_F(ProgramTest, AnAgentThatIsNotThereIsStatusOneWithAHint) {
    CaptureStderr();
    EXPECT_EQ(run({"get", "services", "--admin-address", "127.0.0.1:9"}), 1);
    EXPECT_THAT(GetCapturedStderr(), testing::AllOf(HasSubstr("the agent does not answer: "),
                                                    HasSubstr("FAIRLEAD_ADMIN_ADDRESS")));
}

TEST_F(ProgramTest, SaysVersionAndCommitInEveryForm) {
    const struct {
        Words words;
        std::string_view text;
    } cases[] = {
        {{"--version"}, "fairlead 0."},
        {{"version"}, "fairlead 0."},
        {{"version", "-o", "json"}, R"("commit":)"},
        {{"version", "-o=yaml"}, "commit: \""},
    };
    for (const auto& [words, text] : cases) {
        CaptureStdout();
        EXPECT_EQ(run(words), 0);
        EXPECT_THAT(GetCapturedStdout(), HasSubstr(text)) << testing::PrintToString(words);
    }
}

TEST_F(ProgramTest, CompletesItsOwnCommands) {
    CaptureStdout();
    EXPECT_EQ(run({"__complete", "--", "get", "services", "-o", "y"}), 0);
    EXPECT_EQ(GetCapturedStdout(), "yaml\t\n");
    CaptureStdout();
    EXPECT_EQ(run({"__complete", "--", "des"}), 0);
    EXPECT_THAT(GetCapturedStdout(), HasSubstr("describe\tShow"));
    CaptureStdout();
    EXPECT_EQ(run({"__complete", "--", "conntrack", "get", "--state", "SYN_R"}), 0);
    EXPECT_EQ(GetCapturedStdout(), "SYN_RECV\t\n");
    CaptureStdout();
    EXPECT_EQ(run({"__complete", "--", "conntrack", "top", "p"}), 0);
    EXPECT_EQ(GetCapturedStdout(), "pods\t\npeers\t\n");
}

}  // namespace
}  // namespace fairlead::cli
