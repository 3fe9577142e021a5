#include "net/directory_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace fairlead::net {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Files = std::map<std::string, std::string>;

class DirectoryWatcherTest : public testing::Test {
  protected:
    void SetUp() override { fs::create_directories(root_); }
    void TearDown() override {
        watcher_.reset();
        fs::remove_all(root_);
        fs::remove_all(root_.string() + "-aside");
    }

    void start() {
        DirectoryWatcher::Listener listener;
        listener.changed = [this](const std::string& path, std::string text) {
            files_[fs::path(path).lexically_relative(root_)] = std::move(text);
            ++reads_;
        };
        listener.removed = [this](const std::string& path) {
            files_.erase(fs::path(path).lexically_relative(root_));
        };
        listener.problem = [](const std::string&, const std::string&) {};
        auto watcher = DirectoryWatcher::start(loop_, root_, std::move(listener));
        ASSERT_TRUE(watcher) << watcher.error().message;
        watcher_ = *std::move(watcher);
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }

    /// Runs the loop until the files are as wanted, or 5 s.
    void expect(const Files& wanted) {
        const auto limit = loop_.after(5s, [this] { loop_.stop(); });
        Subscription look;
        std::function<void()> again = [&] {
            if (files_ == wanted) return loop_.stop();
            look = loop_.after(5ms, again);
        };
        again();
        loop_.run();
        EXPECT_EQ(files_, wanted);
    }

    EventLoop loop_;
    fs::path root_ = "/tmp/fairlead-watch-test-" + std::to_string(getpid());
    std::unique_ptr<DirectoryWatcher> watcher_;
    Files files_;
    int reads_ = 0;
};

TEST_F(DirectoryWatcherTest, ReadsWhatIsThereBeforeItReturns) {
    fs::create_directory(root_ / "sub");
    write("a.yaml", "1");
    write("sub/b.json", "2");
    write("notes.txt", "x");
    write(".hidden.yaml", "x");
    write("a.yaml~", "x");
    start();
    EXPECT_EQ(files_, (Files{{"a.yaml", "1"}, {"sub/b.json", "2"}}));
}

TEST_F(DirectoryWatcherTest, SeesEditsRenamesNewFoldersAndRemovals) {
    write("a.yaml", "1");
    start();
    write("a.yaml", "22");
    expect({{"a.yaml", "22"}});
    write("b.new", "3");
    fs::rename(root_ / "b.new", root_ / "a.yaml");
    expect({{"a.yaml", "3"}});
    fs::create_directories(root_ / "x/y");
    write("x/y/c.yml", "4");
    expect({{"a.yaml", "3"}, {"x/y/c.yml", "4"}});
    write("x/y/c.yml", "55");
    expect({{"a.yaml", "3"}, {"x/y/c.yml", "55"}});
    fs::remove(root_ / "a.yaml");
    fs::remove_all(root_ / "x");
    expect({});
}

TEST_F(DirectoryWatcherTest, FollowsTheLinkSwapOfAMountedConfigMap) {
    fs::create_directory(root_ / "..one");
    fs::create_directory(root_ / "..two");
    write("..one/a.yaml", "1");
    write("..two/a.yaml", "2");
    fs::create_directory_symlink("..one", root_ / "..data");
    fs::create_symlink("..data/a.yaml", root_ / "a.yaml");
    start();
    expect({{"a.yaml", "1"}});
    fs::create_directory_symlink("..two", root_ / "..data_tmp");
    fs::rename(root_ / "..data_tmp", root_ / "..data");
    expect({{"a.yaml", "2"}});
}

TEST_F(DirectoryWatcherTest, FindsADirectoryThatWentAwayAndCameBack) {
    write("a.yaml", "1");
    start();
    fs::rename(root_, root_.string() + "-aside");
    expect({});
    fs::create_directories(root_);
    write("b.yaml", "2");
    expect({{"b.yaml", "2"}});
}

TEST_F(DirectoryWatcherTest, ReadsABurstOfWritesOnceItHasSettled) {
    start();
    for (int i = 0; i < 200; ++i)
        write("a.yaml", std::string(static_cast<std::size_t>(i), 'x'));
    expect({{"a.yaml", std::string(199, 'x')}});
    EXPECT_LE(reads_, 3);
}

TEST_F(DirectoryWatcherTest, RefusesWhatIsNoDirectory) {
    const auto watcher = DirectoryWatcher::start(loop_, root_ / "nothing", {});
    ASSERT_FALSE(watcher);
    EXPECT_THAT(watcher.error().message, testing::HasSubstr("nothing: is not a directory"));
}

}  // namespace
}  // namespace fairlead::net
