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
        listener.problem = [this](const std::string& path, const std::string& message) {
            problems_[path] = message;
            ++reports_;
        };
        listener.mended = [this](const std::string& path) { problems_.erase(path); };
        auto watcher = DirectoryWatcher::start(loop_, root_, std::move(listener));
        ASSERT_TRUE(watcher) << watcher.error().message;
        watcher_ = *std::move(watcher);
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(root_ / name) << text; }

    /// Runs the loop until `done`, or 8 s.
    void run_until(const std::function<bool()>& done) {
        const auto limit = loop_.after(8s, [this] { loop_.stop(); });
        Subscription look;
        std::function<void()> again = [&] {
            if (done()) return loop_.stop();
            look = loop_.after(5ms, again);
        };
        again();
        loop_.run();
    }
    void expect(const Files& wanted) {
        run_until([&] { return files_ == wanted; });
        EXPECT_EQ(files_, wanted);
    }

    EventLoop loop_;
    fs::path root_ = "/tmp/fairlead-watch-test-" + std::to_string(getpid());
    std::unique_ptr<DirectoryWatcher> watcher_;
    Files files_;
    Files problems_;
    int reads_ = 0;
    int reports_ = 0;
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

TEST_F(DirectoryWatcherTest, KeepsWhatItKnowsOfADirectoryThatWentAwayUntilItIsBack) {
    write("a.yaml", "1");
    start();
    fs::rename(root_, root_.string() + "-aside");
    run_until([&] { return problems_.contains(root_); });
    EXPECT_THAT(problems_, testing::Contains(testing::Key(root_.string())));
    EXPECT_EQ(files_, (Files{{"a.yaml", "1"}}));
    fs::create_directories(root_);
    write("b.yaml", "2");
    expect({{"b.yaml", "2"}});
    run_until([&] { return problems_.empty(); });
    EXPECT_TRUE(problems_.empty());
}

TEST_F(DirectoryWatcherTest, FollowsALinkToTheDirectoryThatIsPointedElsewhere) {
    fs::create_directory(root_ / "one");
    fs::create_directory(root_ / "two");
    write("one/a.yaml", "1");
    write("two/a.yaml", "2");
    fs::create_directory_symlink("one", root_ / "current");
    const auto all = root_;
    root_ /= "current";
    start();
    expect({{"a.yaml", "1"}});
    root_ = all;
    fs::create_directory_symlink("two", root_ / "next");
    fs::rename(root_ / "next", root_ / "current");
    root_ /= "current";
    expect({{"a.yaml", "2"}});
    root_ = all;
}

TEST_F(DirectoryWatcherTest, SeesEditsOfAFileElsewhereThatALinkLeadsTo) {
    fs::create_directories(root_.string() + "-aside");
    std::ofstream(root_.string() + "-aside/a.yaml") << "1";
    fs::create_symlink(root_.string() + "-aside/a.yaml", root_ / "a.yaml");
    fs::create_symlink("nowhere.yaml", root_ / "dangling.yaml");
    start();
    expect({{"a.yaml", "1"}});
    std::ofstream(root_.string() + "-aside/a.yaml") << "22";
    expect({{"a.yaml", "22"}});
    EXPECT_EQ(reports_, 0);
}

TEST_F(DirectoryWatcherTest, ListsAFolderOnceHoweverManyLinksLeadToIt) {
    fs::create_directories(root_ / "b/c");
    write("b/c/x.yaml", "1");
    fs::create_directory_symlink("b", root_ / "a");
    fs::create_directory_symlink("..", root_ / "b/up");
    fs::create_directory_symlink("../..", root_ / "b/c/top");
    start();
    EXPECT_EQ(files_, (Files{{"b/c/x.yaml", "1"}}));
}

TEST_F(DirectoryWatcherTest, WaitsForAFileThatIsBeingWritten) {
    write("a.yaml", "old");
    start();
    {
        std::ofstream half(root_ / "a.yaml");
        half << "new ";
        half.flush();
        bool is_over = false;
        const auto later = loop_.after(2s, [&] { is_over = true; });
        run_until([&] { return is_over; });
        EXPECT_EQ(files_, (Files{{"a.yaml", "old"}})) << "half of it";
        half << "text";
    }
    expect({{"a.yaml", "new text"}});
}

TEST_F(DirectoryWatcherTest, DoesNotWaitForACloseThatNeverComes) {
    write("a.yaml", "old text");
    start();
    fs::resize_file(root_ / "a.yaml", 3);  // truncate(2): no file was opened
    expect({{"a.yaml", "old"}});
}

TEST_F(DirectoryWatcherTest, SeesAChangeThatLeavesSizeAndTimeAsTheyWere) {
    write("a.yaml", "1");
    start();
    const auto time = fs::last_write_time(root_ / "a.yaml");
    for (const char c : {'2', '3'}) {
        write("a.yaml", std::string(1, c));
        fs::last_write_time(root_ / "a.yaml", time);
        expect({{"a.yaml", std::string(1, c)}});
    }
}

/// File rights mean nothing to root, so these runs are those of somebody else.
class UnprivilegedWatcherTest : public DirectoryWatcherTest {
  protected:
    static constexpr uid_t kNobody = 65534;
    void SetUp() override {
        DirectoryWatcherTest::SetUp();
        fs::permissions(root_, fs::perms::all);
        if (seteuid(kNobody) != 0) GTEST_SKIP() << "not root";
    }
    void TearDown() override {
        ASSERT_EQ(seteuid(0), 0);
        DirectoryWatcherTest::TearDown();
    }
};

TEST_F(UnprivilegedWatcherTest, KeepsWhatCannotBeReadAndReadsTheRest) {
    fs::create_directory(root_ / "closed");
    write("closed/a.yaml", "1");
    write("secret.yaml", "1");
    write("z.yaml", "1");
    start();
    expect({{"closed/a.yaml", "1"}, {"secret.yaml", "1"}, {"z.yaml", "1"}});
    fs::permissions(root_ / "closed", fs::perms::none);
    fs::permissions(root_ / "secret.yaml", fs::perms::none);
    write("z.yaml", "22");
    expect({{"closed/a.yaml", "1"}, {"secret.yaml", "1"}, {"z.yaml", "22"}});
    run_until([&] { return problems_.size() == 2; });
    EXPECT_THAT(problems_[root_ / "closed"], testing::HasSubstr("ermission denied"));
    EXPECT_THAT(problems_[root_ / "secret.yaml"], testing::HasSubstr("ermission denied"));
    bool is_over = false;
    const auto later = loop_.after(2500ms, [&] { is_over = true; });
    run_until([&] { return is_over; });
    EXPECT_EQ(reports_, 2) << "looked at again, told once";
    fs::permissions(root_ / "closed", fs::perms::owner_all);
    fs::permissions(root_ / "secret.yaml", fs::perms::owner_all);
    fs::remove(root_ / "closed/a.yaml");
    expect({{"secret.yaml", "1"}, {"z.yaml", "22"}});
    run_until([&] { return problems_.empty(); });
    EXPECT_TRUE(problems_.empty());
}

TEST_F(DirectoryWatcherTest, LosesNothingWhenTheKernelsQueueOverflows) {
    start();
    // More events than fs.inotify.max_queued_events, none of them read meanwhile.
    for (int i = 0; i < 20'000; ++i) {
        const auto name = "f" + std::to_string(i % 50) + ".yaml";
        write(name, std::to_string(i));
        if (i < 19'990) fs::remove(root_ / name);
    }
    Files wanted;
    for (int i = 19'990; i < 20'000; ++i)
        wanted["f" + std::to_string(i % 50) + ".yaml"] = std::to_string(i);
    expect(wanted);
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
