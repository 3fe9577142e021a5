#include "kernel/netns/namespaces.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <set>
#include <thread>
#include <utility>

namespace fairlead::kernel::netns {

namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using base::Result;

/// Access rights of the names, those of ip-netns(8).
constexpr mode_t kDirectoryMode = 0755;
constexpr std::size_t kLongestName = 255;

std::string path_of(std::string_view name) {
    return std::string(kDirectory) + "/" + std::string(name);
}

Result<void> check_name(std::string_view name) {
    const bool usable = !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
                        name.find('/') == std::string_view::npos;
    if (usable) return {};
    return base::fail(ErrorCode::kInvalid,
                      "'" + std::string(name) + "' cannot be the name of a network namespace");
}

/// Closes a descriptor at the end of its scope.
struct Descriptor {
    explicit Descriptor(int opened) : fd(opened) {}
    ~Descriptor() {
        if (fd >= 0) close(fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int fd;
};

/// Makes the directory a shared mount, so that a name which is removed here goes away in the mount namespaces
/// of others too; else `ip netns exec` shells would keep it alive. Locked against others who do the same.
Result<void> prepare_directory() {
    const std::string directory{kDirectory};
    if (mkdir(directory.c_str(), kDirectoryMode) != 0 && errno != EEXIST)
        return base::fail_errno(errno, directory);
    const Descriptor lock{open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (lock.fd < 0 || flock(lock.fd, LOCK_EX) != 0) return base::fail_errno(errno, directory);
    if (mount("", directory.c_str(), "none", MS_SHARED | MS_REC, nullptr) == 0) return {};
    // EINVAL: it is no mount point yet.
    if (errno != EINVAL) return base::fail_errno(errno, directory + ": share mount");
    if (mount(directory.c_str(), directory.c_str(), "none", MS_BIND | MS_REC, nullptr) != 0)
        return base::fail_errno(errno, directory + ": bind mount");
    if (mount("", directory.c_str(), "none", MS_SHARED | MS_REC, nullptr) != 0)
        return base::fail_errno(errno, directory + ": share mount");
    return {};
}

/// Gives the calling thread a new namespace and binds it to `path`. 0 or errno.
int bind_new_namespace(const std::string& path) {
    if (unshare(CLONE_NEWNET) != 0) return errno;
    return mount("/proc/thread-self/ns/net", path.c_str(), "none", MS_BIND, nullptr) == 0 ? 0 : errno;
}

/// What tells namespaces apart (namespaces(7)): device and inode of their files.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string& path) {
    struct stat found{};
    if (stat(path.c_str(), &found) != 0) return std::nullopt;
    return Identity{found.st_dev, found.st_ino};
}

}  // namespace

Result<Namespace> Namespace::open(std::string_view name) {
    FAIRLEAD_CHECK(check_name(name));
    const int fd = ::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, "network namespace " + std::string(name));
    return Namespace{fd};
}

Result<Namespace> Namespace::current() {
    const int fd = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, "own network namespace");
    return Namespace{fd};
}

Namespace::Namespace(Namespace&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Namespace& Namespace::operator=(Namespace&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

Namespace::~Namespace() {
    if (fd_ >= 0) close(fd_);
}

Result<void> create(std::string_view name) {
    FAIRLEAD_CHECK(check_name(name));
    FAIRLEAD_CHECK(prepare_directory());
    const std::string path = path_of(name);
    const std::string what = "network namespace " + std::string(name);
    {
        const Descriptor place{open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0)};
        if (place.fd < 0) return base::fail_errno(errno, what);
    }
    int failure = 0;
    std::thread{[&] { failure = bind_new_namespace(path); }}.join();
    if (failure == 0) return {};
    unlink(path.c_str());
    return base::fail_errno(failure, what);
}

Result<void> remove(std::string_view name) {
    FAIRLEAD_CHECK(check_name(name));
    const std::string path = path_of(name);
    // EINVAL: the mount is gone, as after a crash between the two steps of create.
    if (umount2(path.c_str(), MNT_DETACH) != 0 && errno != EINVAL)
        return base::fail_errno(errno, "network namespace " + std::string(name));
    if (unlink(path.c_str()) != 0) return base::fail_errno(errno, "network namespace " + std::string(name));
    return {};
}

Result<std::vector<std::string>> list(std::string_view prefix) {
    std::vector<std::string> names;
    std::error_code failure;
    for (fs::directory_iterator entry{kDirectory, failure}, end; !failure && entry != end;
         entry.increment(failure)) {
        auto name = entry->path().filename().string();
        if (name.starts_with(prefix)) names.push_back(std::move(name));
    }
    if (failure && failure != std::errc::no_such_file_or_directory)
        return base::fail_errno(failure.value(), std::string(kDirectory));
    std::ranges::sort(names);
    return names;
}

Result<void> enter(const Namespace& target) {
    if (setns(target.fd(), CLONE_NEWNET) == 0) return {};
    return base::fail_errno(errno, "enter network namespace");
}

Result<void> run_in_thread(const Namespace& target, const std::function<void()>& work) {
    Result<void> entered;
    std::thread{[&] {
        entered = enter(target);
        if (entered) work();
    }}.join();
    return entered;
}

std::vector<pid_t> processes_in(const std::vector<std::string>& names) {
    std::set<Identity> wanted;
    for (const auto& name : names)
        if (const auto identity = identity_of(path_of(name))) wanted.insert(*identity);
    std::vector<pid_t> found;
    if (wanted.empty()) return found;
    std::error_code failure;
    for (fs::directory_iterator entry{"/proc", failure}, end; !failure && entry != end;
         entry.increment(failure)) {
        const auto name = entry->path().filename().string();
        pid_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) continue;
        const auto identity = identity_of("/proc/" + name + "/ns/net");
        if (identity && wanted.contains(*identity)) found.push_back(pid);
    }
    return found;
}

Result<void> set_sysctl(std::string_view name, std::string_view value) {
    const std::string path = "/proc/sys/" + std::string(name);
    const Descriptor file{open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (file.fd < 0) return base::fail_errno(errno, path);
    if (write(file.fd, value.data(), value.size()) == static_cast<ssize_t>(value.size())) return {};
    return base::fail_errno(errno, path);
}

}  // namespace fairlead::kernel::netns
