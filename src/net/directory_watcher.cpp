#include "net/directory_watcher.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

#include "net/directory_scan.h"
#include "net/files.h"
#include "net/open_writers.h"

namespace fairlead::net {

namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr auto kQuiet = std::chrono::milliseconds(50);
constexpr auto kLongestSettle = std::chrono::seconds(1);
// How long a writer may pause; also what a change costs that no close follows (truncate(2)) where the file
// system cannot tell whether there is a writer.
constexpr auto kLongestPause = std::chrono::seconds(30);
constexpr auto kLookForLost = std::chrono::seconds(1);
// Twice the longest tick of a kernel: within it, two writes may leave the same times.
constexpr auto kGrainOfFileTimes = std::chrono::milliseconds(20);
constexpr std::size_t kLargestFileBytes = std::size_t{64} << 20U;

}  // namespace

class DirectoryWatcher::State {
  public:
    State(EventLoop& loop, std::string root, Listener listener)
        : loop_(loop), root_(std::move(root)), listener_(std::move(listener)) {
        while (root_.size() > 1 && root_.ends_with('/'))
            root_.pop_back();
    }
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
    struct Known {
        FileFingerprint fingerprint;
        std::size_t text_hash = 0;
        /// Read so soon after the last change that a later one may look the same.
        bool is_fresh = false;
    };

    void drain() {
        alignas(inotify_event) std::array<char, 65536> events{};
        bool is_relevant = false;
        ssize_t size = 0;
        while ((size = read(inotify_, events.data(), events.size())) > 0) {
            for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
                inotify_event event{};
                std::memcpy(&event, events.data() + at, sizeof event);
                const char* const name = events.data() + at + sizeof event;
                is_relevant = take(event, event.len == 0 ? "" : name) || is_relevant;
                at += sizeof event + event.len;
            }
        }
        if (is_relevant) settle();
    }

    /// Whether it is time to look. What happened is never concluded from events: some may be lost.
    bool take(const inotify_event& event, const std::string& name) {
        if ((event.mask & IN_Q_OVERFLOW) != 0) {
            being_written_.clear();
            return true;
        }
        const bool is_about_content = (event.mask & (IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)) != 0;
        if (name.empty() || (event.mask & IN_ISDIR) != 0) return true;
        if (!is_manifest_name(name)) return !is_about_content;
        const auto folder = folders_.find(event.wd);
        if (folder == folders_.end()) return true;
        const auto path = folder->second + "/" + name;
        if ((event.mask & IN_MODIFY) != 0)
            being_written_[path] = loop_.now();
        else if ((event.mask & IN_ATTRIB) == 0)
            being_written_.erase(path);
        return true;
    }

    void settle() {
        const auto now = loop_.now();
        if (!settling_since_) settling_since_ = now;
        const bool is_long = now - *settling_since_ + kQuiet > kLongestSettle;
        settle_ = loop_.after(is_long ? base::Duration{0} : base::Duration{kQuiet}, [this] {
            settling_since_.reset();
            scan();
        });
    }

    void look_again(base::Duration delay) {
        const auto when = loop_.now() + delay;
        if (look_again_at_ && *look_again_at_ <= when) return;
        look_again_at_ = when;
        look_again_ = loop_.after(delay, [this] { scan(); });
    }

    void scan() {
        look_again_at_.reset();
        unwatched_.clear();
        auto found = scan_directory(root_, [this](const std::string& folder) { watch(folder); });
        remove_all_but(found);
        for (const auto& [path, fingerprint] : found.files)
            if (auto failure = read_if_changed(path, fingerprint)) found.problems.emplace(path, *failure);
        found.problems.merge(unwatched_);
        report(std::move(found.problems));
        if (!problems_.empty()) look_again(kLookForLost);
    }

    void remove_all_but(const DirectoryScan& found) {
        for (auto known = known_.begin(); known != known_.end();) {
            if (found.files.contains(known->first) || found.is_hidden(known->first)) {
                ++known;
                continue;
            }
            being_written_.erase(known->first);
            listener_.removed(known->first);
            known = known_.erase(known);
        }
    }

    /// Why it cannot be read, if it cannot.
    std::optional<std::string> read_if_changed(const std::string& path, const FileFingerprint& fingerprint) {
        const auto known = known_.find(path);
        const bool is_known = known != known_.end();
        if (is_known && known->second.fingerprint == fingerprint && !known->second.is_fresh)
            return std::nullopt;
        if (is_being_written(path)) return std::nullopt;
        auto text = read_file(path, kLargestFileBytes);
        const auto after = fingerprint_of(path);
        if (!after || *after != fingerprint) {
            look_again(kQuiet);
            return std::nullopt;
        }
        if (!text) return text.error().message;
        const auto hash = std::hash<std::string>{}(*text);
        const bool is_same = is_known && known->second.text_hash == hash;
        known_[path] = {fingerprint, hash, is_fresh(fingerprint)};
        if (!is_same) listener_.changed(path, *std::move(text));
        return std::nullopt;
    }

    bool is_being_written(const std::string& path) {
        const auto writing = being_written_.find(path);
        if (writing == being_written_.end()) return false;
        const auto since = loop_.now() - writing->second;
        if (since >= kLongestPause || has_writer(path) == false) {
            being_written_.erase(writing);
            return false;
        }
        look_again(kLookForLost);
        return true;
    }

    bool is_fresh(const FileFingerprint& fingerprint) {
        const auto changed = base::WallTime{std::chrono::duration_cast<base::WallTime::duration>(
            std::chrono::nanoseconds(fingerprint.changed_ns))};
        const auto age = loop_.wall_now() - changed;
        const bool fresh = age < kGrainOfFileTimes && age > -kGrainOfFileTimes;
        if (fresh) look_again(kQuiet);
        return fresh;
    }

    void report(std::map<std::string, std::string> problems) {
        for (const auto& [path, message] : problems) {
            const auto before = problems_.find(path);
            if (before == problems_.end() || before->second != message) listener_.problem(path, message);
        }
        if (listener_.mended)
            for (const auto& [path, message] : problems_)
                if (!problems.contains(path)) listener_.mended(path);
        problems_ = std::move(problems);
    }

    void watch(const std::string& folder) {
        constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_MODIFY | IN_ATTRIB | IN_CREATE | IN_DELETE |
                                          IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;
        // Adding a folder again is no change. One that is gone or cannot be listed is the scan's to tell.
        const int watch = inotify_add_watch(inotify_, folder.c_str(), kEvents);
        if (watch >= 0)
            folders_[watch] = folder;
        else if (errno == ENOSPC)
            unwatched_.emplace(folder,
                               "changes are seen late: the system's limit of inotify watches is reached "
                               "(fs.inotify.max_user_watches)");
    }

    EventLoop& loop_;
    std::string root_;
    Listener listener_;
    int inotify_ = -1;
    std::map<int, std::string> folders_;  // by watch
    std::map<std::string, Known> known_;
    std::map<std::string, base::TimePoint> being_written_;  // last when
    std::map<std::string, std::string> problems_;
    std::map<std::string, std::string> unwatched_;
    std::optional<base::TimePoint> settling_since_;
    std::optional<base::TimePoint> look_again_at_;
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
