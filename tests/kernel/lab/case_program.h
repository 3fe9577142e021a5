#pragma once

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "kernel/netns/namespaces.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "support/command.h"

namespace fairlead::lab {

/// The program under test.
inline const std::string kProgram = FAIRLEAD_PROGRAM_PATH;

/// A lab of its own for the parts of a case, removed at the end with nothing left of it.
class CaseTest : public testing::Test {
  protected:
    explicit CaseTest(const std::string& name) : lab_(name + std::to_string(getpid())) {}

    void SetUp() override {
        auto claim = Claim::take(lab_);
        ASSERT_TRUE(claim) << claim.error().message;
        claim_.emplace(*std::move(claim));
        ASSERT_TRUE(make_directories(StatePaths{lab_}));
        set_up_stages();
    }
    void TearDown() override {
        take_down_stages();
        EXPECT_TRUE(remove_lab(lab_));
        EXPECT_THAT(kernel::netns::list(namespace_prefix(lab_)).value(), testing::IsEmpty());
    }

    virtual void set_up_stages() = 0;
    virtual void take_down_stages() = 0;

    std::string lab_;
    std::optional<Claim> claim_;
};

inline void expect_no_case_left() {
    EXPECT_THAT(kernel::netns::list(namespace_prefix("case")).value(), testing::IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(StatePaths{"case"}.directory));
    EXPECT_FALSE(std::filesystem::exists(StatePaths{"case"}.scratch));
}

/// `lab run` of a case as a child of ours, once a namespace of that name is there.
inline pid_t start_case(const std::string& name, const std::string& netns) {
    const pid_t child = fork();
    if (child == 0) {
        const int quiet = open("/dev/null", O_WRONLY);
        dup2(quiet, STDOUT_FILENO);
        dup2(quiet, STDERR_FILENO);
        execl(kProgram.c_str(), "fairlead", "lab", "run", name.c_str(), nullptr);
        _exit(EXIT_FAILURE);
    }
    for (int tries = 0; tries < 1000; ++tries) {
        if (!kernel::netns::list(netns).value().empty()) return child;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "the case made no " << netns;
    return child;
}

/// Ends the case in the middle by a signal, and then again by one that nobody can catch.
inline void expect_nothing_left_of_an_ended_case(const std::string& name, const std::string& netns) {
    for (const int signal : {SIGINT, SIGKILL}) {
        const auto child = start_case(name, netns);
        kill(child, signal);
        waitpid(child, nullptr, 0);
        if (signal == SIGKILL) test::output_of(kProgram + " lab down --name case");
        expect_no_case_left();
    }
}

}  // namespace fairlead::lab
