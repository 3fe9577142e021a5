#include "kernel/netns/spawn.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "kernel/netns/namespaces.h"
#include "support/command.h"

namespace fairlead::kernel::netns {
namespace {

using testing::HasSubstr;

class SpawnTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(create(name_));
        ASSERT_EQ(pipe2(pipe_.data(), O_CLOEXEC), 0);
    }
    void TearDown() override {
        EXPECT_TRUE(remove(name_));
        close(pipe_[0]);
        close(pipe_[1]);
    }
    std::string output_once() {
        std::array<char, 4096> chunk{};
        const auto size = read(pipe_[0], chunk.data(), chunk.size());
        return {chunk.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }

    std::string name_ = "fltest" + std::to_string(getpid()) + "-spawn";
    std::array<int, 2> pipe_{};
};

TEST_F(SpawnTest, RunsAProgramInTheNamespace) {
    const auto child = spawn({name_, {"ip", "-o", "link"}, ""}, pipe_[1]);
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_THAT(output_once(), HasSubstr("1: lo: <LOOPBACK> "));
    int status = 0;
    waitpid(*child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(SpawnTest, ShowsItsOwnHostsFile) {
    std::string path = testing::TempDir() + "fairlead-hosts-XXXXXX";
    const int file = mkstemp(path.data());
    ASSERT_EQ(write(file, "10.96.0.1 cart\n", 15), 15);
    close(file);
    const auto child = spawn({name_, {"cat", "/etc/hosts"}, path}, pipe_[1]);
    ASSERT_TRUE(child) << child.error().message;
    EXPECT_EQ(output_once(), "10.96.0.1 cart\n");
    waitpid(*child, nullptr, 0);
    unlink(path.c_str());
}

TEST_F(SpawnTest, SaysWhichProgramIsMissing) {
    const auto child = spawn({name_, {"no-such-program"}, ""}, pipe_[1]);
    ASSERT_FALSE(child);
    EXPECT_THAT(child.error().message, HasSubstr("no-such-program in " + name_ + ": No such file"));
}

TEST_F(SpawnTest, ChildrenDieWithTheThreadThatStartedThem) {
    pid_t child = 0;
    std::thread{[&] { child = spawn({name_, {"sleep", "600"}, ""}, pipe_[1]).value(); }}.join();
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(SpawnTest, ProcessesAreFoundByTheirNamespace) {
    const auto child = spawn({name_, {"sleep", "600"}, ""}, pipe_[1]);
    ASSERT_TRUE(child);
    EXPECT_EQ(processes_in({name_, "no-such-namespace"}), std::vector{*child});
    kill(*child, SIGKILL);
    waitpid(*child, nullptr, 0);
    EXPECT_TRUE(processes_in({name_}).empty());
}

}  // namespace
}  // namespace fairlead::kernel::netns
