#include "net/running_programs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>

#include "net/files.h"
#include "net/memory_file.h"
#include "support/command.h"

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Starts `sleep` under another name; gives its pid.
int start(const std::string& name, const std::string& before = "") {
    return std::stoi(
        test::output_of(before + " bash -c 'exec -a /somewhere/" + name + " sleep 60 --' >&- & echo $!"));
}

TEST(RunningPrograms, AreFoundByNameInThisNetworkNamespaceAndCanBeStopped) {
    const auto name = "program-" + std::to_string(getpid());
    const int pid = start(name);
    const int elsewhere = start(name, "unshare --net");
    const auto found = [&] {
        std::vector<int> pids;
        const auto programs = running_programs(name).value();
        for (const auto& program : programs)
            pids.push_back(program.pid);
        return pids;
    };
    for (int i = 0; i < 200 && found().size() != 1; ++i)
        usleep(10'000);
    EXPECT_THAT(found(), ElementsAre(pid));
    EXPECT_THAT(running_programs(name).value().front().arguments, ElementsAre("60", "--"));
    EXPECT_TRUE(stop_process(pid, 10s));
    EXPECT_THAT(found(), IsEmpty());
    EXPECT_TRUE(stop_process(elsewhere, 10s));
}

TEST(RunningPrograms, ThatAreGoneCannotBeStopped) {
    const auto stopped = stop_process(0x3ffffff, 1s);
    ASSERT_FALSE(stopped);
    EXPECT_THAT(stopped.error().message, HasSubstr("process 67108863"));
}

TEST(RunningPrograms, KnowWhatIsOnPath) {
    EXPECT_TRUE(can_run("sh"));
    EXPECT_FALSE(can_run("no-such-program"));
}

TEST(MemoryFile, IsReadByOtherProgramsWhileItLives) {
    std::string path;
    {
        const auto file = MemoryFile::make("*nat\nCOMMIT\n");
        ASSERT_TRUE(file);
        path = file->path();
        EXPECT_EQ(test::output_of("cat " + path), "*nat\nCOMMIT\n");
    }
    EXPECT_FALSE(read_file(path));
}

}  // namespace
}  // namespace fairlead::net
