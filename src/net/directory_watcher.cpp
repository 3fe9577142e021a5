#include "net/directory_watcher.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "net/files.h"

namespace fairlead::net {

namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr auto kQuiet = std::chrono::milliseconds(50);
constexpr auto kLongestSettle = std::chrono::seconds(1);
constexpr auto kLookForLostRoot = std::chrono::seconds(1);
constexpr std::size_t kLargestFileBytes = std::size_t{64} << 20U;

/// What tells that a file is not the one that was read: device, inode, size, time of change in nanoseconds.
using Fingerprint = std::tuple<dev_t, ino_t, off_t, std::int64_t>;

std::optional<Fingerprint> fingerprint_of(const std::string& path) {
    struct stat found{};
    if (stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return std::nullopt;
    constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
    return Fingerprint{found.st_dev, found.st_ino, found.st_size,
                       found.st_mtim.tv_sec * kNanosecondsPerSecond + found.st_mtim.tv_nsec};
}

bool is_manifest_name(const std::string& name) {
    if (name.starts_with('.') || name.starts_with('#') || name.ends_with('~')) return false;
    return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

}  // namespace

class DirectoryWatcher::State {
  public:
    State(EventLoop& loop, std::string root, Listener listener)
        : loop_(loop), root_(std::move(root)), listener_(std::move(listener)) {}
    ~State() {
        readable_.reset();
        if (inotify_ >= 0) close(inotify_);
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Result<void> start() {
        std::error_code failure;
        if (!fs::is_directory(root_, failure))
            return base::fail(base::ErrorCode::kNotFound, root_ + ": is not a directory");
        inotify_ = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (inotify_ < 0) return base::fail_errno(errno, "inotify");
        scan();
        FAIRLEAD_TRY(readable_, loop_.watch_readable(inotify_, [this] { drain(); }));
        return {};
    }

  private:
    /// Throws the events away: they only say that it is time to look.
    void drain() {
        alignas(inotify_event) std::array<char, 65536> events{};
        while (read(inotify_, events.data(), events.size()) > 0) {
        }
        const auto now = loop_.now();
        if (!settling_since_) settling_since_ = now;
        const auto wait =
            now - *settling_since_ + kQuiet > kLongestSettle ? base::Duration{0} : base::Duration{kQuiet};
        settle_ = loop_.after(wait, [this] {
            settling_since_.reset();
            scan();
        });
    }

    void scan() {
        std::set<std::string> found;
        bool complete = true;
        watch(root_);
        std::error_code failure;
        auto entry =
            fs::recursive_directory_iterator(root_, fs::directory_options::follow_directory_symlink, failure);
        for (; !failure && entry != fs::recursive_directory_iterator(); entry.increment(failure)) {
            const std::string name = entry->path().filename();
            std::error_code unreadable;
            if (entry->is_directory(unreadable)) {
                if (name.starts_with('.'))
                    entry.disable_recursion_pending();
                else
                    watch(entry->path());
            } else if (is_manifest_name(name)) {
                found.insert(entry->path());
            }
        }
        if (failure) {
            complete = failure == std::errc::no_such_file_or_directory;
            listener_.problem(root_, failure.message());
            look_again_ = loop_.after(kLookForLostRoot, [this] { scan(); });
        }
        if (complete) remove_all_but(found);
        for (const auto& path : found)
            read_if_changed(path);
    }

    void remove_all_but(const std::set<std::string>& found) {
        for (auto known = known_.begin(); known != known_.end();) {
            if (found.contains(known->first)) {
                ++known;
                continue;
            }
            listener_.removed(known->first);
            known = known_.erase(known);
        }
    }

    void read_if_changed(const std::string& path) {
        const auto fingerprint = fingerprint_of(path);
        const auto known = known_.find(path);
        if (!fingerprint || (known != known_.end() && known->second == *fingerprint)) return;
        auto text = read_file(path, kLargestFileBytes);
        if (!text) {
            listener_.problem(path, text.error().message);
            return;
        }
        known_[path] = *fingerprint;
        listener_.changed(path, *std::move(text));
    }

    void watch(const std::string& folder) {
        constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                          IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
        // Adding a folder again is no change; it fails only when the folder is gone or the system's limit is
        // reached.
        if (inotify_add_watch(inotify_, folder.c_str(), kEvents) < 0 && errno == ENOSPC)
            listener_.problem(folder,
                              "not watched: the system's limit of inotify watches is reached "
                              "(fs.inotify.max_user_watches)");
    }

    EventLoop& loop_;
    std::string root_;
    Listener listener_;
    int inotify_ = -1;
    std::map<std::string, Fingerprint> known_;
    std::optional<base::TimePoint> settling_since_;
    Subscription readable_;
    Subscription settle_;
    Subscription look_again_;
};

DirectoryWatcher::DirectoryWatcher(std::unique_ptr<State> state) : state_(std::move(state)) {}
DirectoryWatcher::~DirectoryWatcher() = default;

Result<std::unique_ptr<DirectoryWatcher>> DirectoryWatcher::start(EventLoop& loop, std::string path,
                                                                  Listener listener) {
    auto state = std::make_unique<State>(loop, std::move(path), std::move(listener));
    FAIRLEAD_CHECK(state->start());
    return std::unique_ptr<DirectoryWatcher>(new DirectoryWatcher(std::move(state)));
}

}  // namespace fairlead::net
