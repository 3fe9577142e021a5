#include "net/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace fairlead::net {

using base::ErrorCode;

base::Result<std::string> read_file(const std::string& path, std::size_t limit_bytes) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, path);
    std::string content;
    std::array<char, 65536> chunk{};
    ssize_t size = 0;
    while ((size = read(fd, chunk.data(), chunk.size())) > 0 && content.size() <= limit_bytes)
        content.append(chunk.data(), static_cast<std::size_t>(size));
    const int failure = errno;
    close(fd);
    if (size < 0) return base::fail_errno(failure, path);
    if (content.size() > limit_bytes)
        return base::fail(ErrorCode::kInvalid,
                          path + ": is larger than " + std::to_string(limit_bytes) + " bytes");
    return content;
}

FileStamp stamp_of(const std::string& path) {
    constexpr std::int64_t kSecondNs = 1'000'000'000;
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return {};
    return {.exists = true,
            .device = status.st_dev,
            .inode = status.st_ino,
            .bytes = status.st_size,
            .modified_ns = status.st_mtim.tv_sec * kSecondNs + status.st_mtim.tv_nsec,
            .changed_ns = status.st_ctim.tv_sec * kSecondNs + status.st_ctim.tv_nsec};
}

base::Result<void> overwrite_file(const std::string& path, std::string_view text) {
    const int fd = open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, path);
    const ssize_t size = write(fd, text.data(), text.size());
    const int failure = errno;
    close(fd);
    if (size < 0) return base::fail_errno(failure, path);
    if (static_cast<std::size_t>(size) != text.size())
        return base::fail(ErrorCode::kInternal, path + ": was written in part only");
    return {};
}

base::Result<void> check_writable(const std::string& path) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, path);
    close(fd);
    return {};
}

base::Result<bool> owner_may_write(const std::string& path) {
    struct stat status{};
    if (stat(path.c_str(), &status) != 0) return base::fail_errno(errno, path);
    return (status.st_mode & S_IWUSR) != 0;
}

base::Result<void> check_directory(const std::string& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return base::fail_errno(errno, path);
    close(fd);
    return {};
}

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

unsigned online_cpus() {
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : static_cast<unsigned>(cpus);
}

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return {};
    std::string text = name.data();
    std::ranges::transform(text, text.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

}  // namespace fairlead::net
