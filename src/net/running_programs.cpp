#include "net/running_programs.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>

#include "net/files.h"

namespace fairlead::net {

namespace {

using base::Result;

/// Pieces of `text`, each ended by `end`; the last may go without.
std::vector<std::string> pieces(std::string_view text, char end) {
    std::vector<std::string> result;
    while (!text.empty()) {
        const auto size = std::min(text.find(end), text.size());
        result.emplace_back(text.substr(0, size));
        text.remove_prefix(std::min(text.size(), size + 1));
    }
    return result;
}

/// What the link /proc/PID/ns/net says, such as "net:[4026531840]"; empty if the process is gone or not ours
/// to look at.
std::string network_namespace(const std::string& pid) {
    std::error_code failure;
    const auto target = std::filesystem::read_symlink("/proc/" + pid + "/ns/net", failure);
    return failure ? std::string{} : target.string();
}

}  // namespace

Result<std::vector<RunningProgram>> running_programs(std::string_view name) {
    std::error_code failure;
    std::filesystem::directory_iterator entries{"/proc", failure};
    if (failure) return base::fail_errno(failure.value(), "/proc");
    const auto ours = network_namespace("self");
    std::vector<RunningProgram> found;
    for (const auto& entry : entries) {
        const auto text = entry.path().filename().string();
        int pid = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), pid).ptr != text.data() + text.size())
            continue;
        // Processes end while we look.
        auto words = pieces(read_file("/proc/" + text + "/cmdline").value_or(""), '\0');
        if (words.empty() || std::filesystem::path{words.front()}.filename() != name) continue;
        if (network_namespace(text) != ours) continue;
        words.erase(words.begin());
        found.push_back({pid, std::move(words)});
    }
    std::ranges::sort(found, {}, &RunningProgram::pid);
    return found;
}

Result<void> stop_process(int pid, base::Duration timeout) {
    const std::string what = "process " + std::to_string(pid);
    const int process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    if (process < 0) return base::fail_errno(errno, what);
    if (syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0) != 0) {
        const int failure = errno;
        close(process);
        return base::fail_errno(failure, what);
    }
    pollfd ended{process, POLLIN, 0};
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
    const int ready = poll(&ended, 1, static_cast<int>(milliseconds));
    close(process);
    if (ready == 1) return {};
    return base::fail(base::ErrorCode::kUnavailable, what + ": has not ended in time");
}

bool can_run(const std::string& command) {
    return std::ranges::any_of(pieces(environment("PATH"), ':'), [&](const std::string& folder) {
        return access((folder + "/" + command).c_str(), X_OK) == 0;
    });
}

}  // namespace fairlead::net
