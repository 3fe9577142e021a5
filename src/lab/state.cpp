#include "lab/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

#include "kernel/netns/namespaces.h"
#include "lab/layout.h"
#include "net/files.h"

namespace fairlead::lab {

namespace {

namespace fs = std::filesystem;
namespace netns = kernel::netns;
using base::ErrorCode;
using base::Result;

constexpr auto kPause = std::chrono::milliseconds(20);

/// Calls `done` until it is true or the time is up; true if it was.
template <class Done>
bool wait_for(std::chrono::milliseconds time, Done done) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!done()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(kPause);
    }
    return true;
}

Result<void> make_directory(const std::string& path) {
    if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return base::fail_errno(errno, path);
}

Result<void> write_all(const std::string& path, int flags, std::string_view content) {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
    if (fd < 0) return base::fail_errno(errno, path);
    int failure = 0;
    while (!content.empty() && failure == 0) {
        const auto written = write(fd, content.data(), content.size());
        if (written < 0 && errno != EINTR) failure = errno;
        if (written > 0) content.remove_prefix(static_cast<std::size_t>(written));
    }
    close(fd);
    if (failure != 0) return base::fail_errno(failure, path);
    return {};
}

/// Whether the file behind `fd` is still the one at `path`: its holder may have removed it meanwhile.
bool is_at(int fd, const std::string& path) {
    struct stat held{};
    struct stat there{};
    return fstat(fd, &held) == 0 && stat(path.c_str(), &there) == 0 && held.st_ino == there.st_ino &&
           held.st_dev == there.st_dev;
}

/// Whether a process has the file open. What its last holder signed is not the present one's word.
bool has_open(pid_t process, const std::string& path) {
    struct stat wanted{};
    if (stat(path.c_str(), &wanted) != 0) return false;
    std::error_code failure;
    const auto folder = "/proc/" + std::to_string(process) + "/fd";
    for (fs::directory_iterator entry{folder, failure}, end; !failure && entry != end;
         entry.increment(failure)) {
        struct stat open{};
        if (stat(entry->path().c_str(), &open) == 0 && open.st_ino == wanted.st_ino &&
            open.st_dev == wanted.st_dev)
            return true;
    }
    return false;
}

/// A lock of the open file (fcntl(2)): it ends with its last descriptor, and asking for it takes nothing.
struct flock whole_file_lock() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

}  // namespace

StatePaths::StatePaths(std::string_view lab)
    : directory(std::string(kStateRoot) + "/" + std::string(lab)),
      lock(directory + "/lock"),
      manifests(directory + "/manifests"),
      hosts(directory + "/hosts"),
      ready(directory + "/ready"),
      logs(directory + "/logs"),
      demo(directory + "/demo"),
      source(directory + "/source"),
      up(directory + "/up"),
      scratch(directory + ".manifests") {}

Result<Claim> Claim::take(std::string_view lab) {
    const StatePaths paths{lab};
    for (;;) {
        FAIRLEAD_CHECK(make_directory(std::string(kStateRoot)));
        FAIRLEAD_CHECK(make_directory(paths.directory));
        const int fd = open(paths.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 && errno == ENOENT) continue;  // its last holder has just removed the directory
        if (fd < 0) return base::fail_errno(errno, paths.lock);
        Claim claim{fd};
        auto wanted = whole_file_lock();
        if (fcntl(fd, F_OFD_SETLK, &wanted) != 0)
            return base::fail(ErrorCode::kBusy, "lab " + std::string(lab) +
                                                    " is up already; 'fairlead lab down --name " +
                                                    std::string(lab) + "' ends it");
        if (!is_at(fd, paths.lock)) continue;
        FAIRLEAD_CHECK(claim.sign());
        return claim;
    }
}

Claim::Claim(Claim&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Claim& Claim::operator=(Claim&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Claim::~Claim() {
    if (fd_ >= 0) close(fd_);
}

Result<void> Claim::sign() const {
    const auto text = std::to_string(getpid()) + "\n";
    if (ftruncate(fd_, 0) == 0 && pwrite(fd_, text.data(), text.size(), 0) == std::ssize(text)) return {};
    return base::fail_errno(errno, "lab: lock file");
}

bool is_claimed(std::string_view lab) {
    const int fd = open(StatePaths{lab}.lock.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    auto wanted = whole_file_lock();
    const bool held = fcntl(fd, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
    close(fd);
    return held;
}

std::optional<pid_t> claim_holder(std::string_view lab) {
    const StatePaths paths{lab};
    if (!is_claimed(lab)) return std::nullopt;
    const auto content = net::read_file(paths.lock);
    pid_t pid = 0;
    if (!content) return std::nullopt;
    const auto parsed = std::from_chars(content->data(), content->data() + content->size(), pid);
    const bool is_signed = parsed.ec == std::errc{} && pid > 1 && has_open(pid, paths.lock);
    return is_signed ? std::optional{pid} : std::nullopt;
}

Result<void> make_directories(const StatePaths& paths) {
    for (const auto* path : {&paths.manifests, &paths.hosts, &paths.ready, &paths.logs})
        FAIRLEAD_CHECK(make_directory(*path));
    return {};
}

Result<void> write_atomically(const std::string& path, std::string_view content) {
    const auto slash = path.rfind('/') + 1;
    const auto hidden = path.substr(0, slash) + "." + path.substr(slash) + ".new";
    FAIRLEAD_CHECK(write_all(hidden, O_TRUNC, content));
    if (rename(hidden.c_str(), path.c_str()) == 0) return {};
    return base::fail_errno(errno, path);
}

Result<void> write_in_place(const std::string& path, std::string_view content) {
    return write_all(path, O_TRUNC, content);
}

Result<std::vector<std::string>> labs_on_this_machine() {
    std::set<std::string> labs;
    std::error_code failure;
    for (fs::directory_iterator entry{kStateRoot, failure}, end; !failure && entry != end;
         entry.increment(failure))
        if (auto name = parse_lab_name(entry->path().stem().string())) labs.insert(*std::move(name));
    FAIRLEAD_TRY(const auto namespaces, netns::list("fl-"));
    for (const auto& space : namespaces) {
        constexpr std::size_t kPrefixSize = 3;
        const auto end = space.find('-', kPrefixSize);
        if (end == std::string::npos) continue;
        if (auto name = parse_lab_name(space.substr(kPrefixSize, end - kPrefixSize)))
            labs.insert(*std::move(name));
    }
    return std::vector<std::string>{labs.begin(), labs.end()};
}

Result<void> clear_lab(std::string_view lab) {
    FAIRLEAD_TRY(const auto namespaces, netns::list(namespace_prefix(lab)));
    std::string problems;
    const bool ended = wait_for(std::chrono::seconds(5), [&] {
        const auto processes = netns::processes_in(namespaces);
        for (const auto process : processes)
            if (process != getpid()) kill(process, SIGKILL);
        return processes.empty();
    });
    if (!ended) problems += "; a process in its namespaces does not end";
    for (const auto& space : namespaces)
        if (const auto removed = netns::remove(space); !removed) problems += "; " + removed.error().message;
    const StatePaths paths{lab};
    std::error_code failure;
    for (fs::directory_iterator entry{paths.directory, failure}, end; !failure && entry != end;
         entry.increment(failure))
        if (entry->path() != paths.lock) fs::remove_all(entry->path(), failure);
    if (failure) problems += "; " + paths.directory + ": " + failure.message();
    if (problems.empty()) return {};
    return base::fail(ErrorCode::kInternal, "lab " + std::string(lab) + problems);
}

Result<void> remove_lab(std::string_view lab) {
    auto cleared = clear_lab(lab);
    const StatePaths paths{lab};
    std::error_code failure;
    fs::remove_all(paths.scratch, failure);
    fs::remove_all(paths.directory, failure);
    if (failure && cleared)
        cleared = base::fail_errno(failure.value(), "lab " + std::string(lab) + ": " + paths.directory);
    fs::remove(kStateRoot, failure);  // succeeds with the last lab
    return cleared;
}

Result<void> take_down(std::string_view lab) {
    constexpr auto kTimeToEnd = std::chrono::seconds(10);
    std::optional<pid_t> holder;
    // It has the lock a moment before its name is in it.
    wait_for(kTimeToEnd, [&] { return (holder = claim_holder(lab)) || !is_claimed(lab); });
    if (holder) {
        kill(*holder, SIGTERM);
        if (!wait_for(kTimeToEnd, [&] { return claim_holder(lab) != holder; })) kill(*holder, SIGKILL);
    }
    std::optional<Result<Claim>> claim;
    wait_for(kTimeToEnd, [&] {
        claim.emplace(Claim::take(lab));
        return *claim || claim->error().code != ErrorCode::kBusy;
    });
    if (!*claim) return std::unexpected(claim->error());
    return remove_lab(lab);
}

}  // namespace fairlead::lab
