#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/command.h"

namespace fairlead::cli {
namespace {

/// A folder with a program `fairlead` that answers with its words, and the scripts beside it.
class CompletionScriptTest : public testing::Test {
  protected:
    CompletionScriptTest() {
        std::string path = testing::TempDir() + "/fairlead-completion-XXXXXX";
        folder_ = mkdtemp(path.data());
        write("fairlead",
              "#!/bin/sh\nshift 2\nfor word in \"$@\"; do printf '<%s>\\thelp\\n' \"$word\"; done\n");
        std::filesystem::permissions(folder_ + "/fairlead", std::filesystem::perms::owner_all);
        for (const auto* shell : {"bash", "zsh", "fish"})
            write(shell, std::string(completion_script(shell)));
    }
    ~CompletionScriptTest() override { std::filesystem::remove_all(folder_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ + "/" + name) << text;
    }
    [[nodiscard]] std::string output_of(const std::string& shell, const std::string& script) const {
        write("script", script);
        return test::output_of("cd " + folder_ + " && PATH=$PWD:$PATH " + shell + " script 2>&1");
    }

    std::string folder_;
};

bool installed(const std::string& program) {
    return std::system(("command -v " + program + " > /dev/null").c_str()) == 0;
}

TEST_F(CompletionScriptTest, BashAsksTheProgramWithTheWordsUpToTheCursor) {
    EXPECT_EQ(output_of("bash",
                        ". ./bash\nCOMP_WORDS=(fairlead get svc '' more)\nCOMP_CWORD=3\n_fairlead\n"
                        "printf '%s\\n' \"${COMPREPLY[@]}\"\n"),
              "<get>\n<svc>\n<>\n");
}

TEST_F(CompletionScriptTest, FishAsksTheProgramWithTheWordsUpToTheCursor) {
    if (!installed("fish")) GTEST_SKIP() << "no fish";
    EXPECT_EQ(output_of("fish", "source fish\ncomplete -C 'fairlead get svc '\n"),
              "<>\thelp\n<get>\thelp\n<svc>\thelp\n");
}

TEST_F(CompletionScriptTest, ZshTakesTheScript) {
    if (!installed("zsh")) GTEST_SKIP() << "no zsh";
    EXPECT_EQ(output_of("zsh -f",
                        "autoload -Uz compinit && compinit -D\nsource ./zsh\n"
                        "_describe() { print -l $candidates }\n"
                        "words=(fairlead get svc '')\nCURRENT=4\n_fairlead\n"),
              "<get>:help\n<svc>:help\n<>:help\n");
}

}  // namespace
}  // namespace fairlead::cli
