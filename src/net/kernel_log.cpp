#include "net/kernel_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "net/descriptor.h"

namespace fairlead::net {

namespace {

constexpr const char* kLog = "/dev/kmsg";
constexpr std::size_t kLargestRecordBytes = 8192;  // CONSOLE_EXT_LOG_MAX

}  // namespace

base::Result<void> read_kernel_log(const std::function<void(std::string_view)>& visit) {
    const Descriptor log{open(kLog, O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
    if (log.get() < 0) return base::fail_errno(errno, kLog);
    std::array<char, kLargestRecordBytes> record{};
    for (;;) {
        const ssize_t size = read(log.get(), record.data(), record.size());
        if (size > 0) {
            visit({record.data(), static_cast<std::size_t>(size)});
            continue;
        }
        // EPIPE: the next record was overwritten before it was read.
        if (size < 0 && (errno == EPIPE || errno == EINTR)) continue;
        if (size == 0 || errno == EAGAIN) return {};
        return base::fail_errno(errno, kLog);
    }
}

std::optional<std::uint32_t> network_namespace_number() {
    struct stat found{};
    if (stat("/proc/thread-self/ns/net", &found) != 0) return std::nullopt;
    return static_cast<std::uint32_t>(found.st_ino);
}

}  // namespace fairlead::net
