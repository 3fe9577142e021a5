#include "net/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "net/files.h"

namespace fairlead::net {

namespace {

/// The number behind "NAME:" of /proc/self/status, in KiB there.
std::uint64_t status_bytes(const std::string& status, const std::string& name) {
    const auto at = status.find("\n" + name + ":");
    if (at == std::string::npos) return 0;
    std::istringstream rest{status.substr(at + name.size() + 2)};
    std::uint64_t kibibytes = 0;
    rest >> kibibytes;
    return kibibytes * 1024;
}

double boot_time_seconds() {
    const auto stat = read_file("/proc/stat").value_or("");
    const auto at = stat.find("\nbtime ");
    return at == std::string::npos ? 0 : std::stod(stat.substr(at + 7, 20));
}

/// Field 22 of /proc/self/stat, in seconds since boot.
double start_after_boot_seconds() {
    const auto stat = read_file("/proc/self/stat").value_or("");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream rest{stat.substr(name_end + 1)};
    std::string field;
    constexpr int kStartTimeAfterName = 20;
    for (int i = 0; i < kStartTimeAfterName; ++i)
        rest >> field;
    return field.empty() ? 0 : std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessUsage process_usage() {
    ProcessUsage usage;
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    constexpr double kMicro = 1e-6;
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicro;
    };
    usage.cpu_seconds = seconds(used.ru_utime) + seconds(used.ru_stime);
    const auto status = read_file("/proc/self/status").value_or("");
    usage.resident_bytes = status_bytes(status, "VmRSS");
    usage.peak_resident_bytes = status_bytes(status, "VmHWM");
    usage.start_time_seconds = boot_time_seconds() + start_after_boot_seconds();
    std::error_code failure;
    for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", failure);
         !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure))
        ++usage.open_descriptors;
    return usage;
}

}  // namespace fairlead::net
