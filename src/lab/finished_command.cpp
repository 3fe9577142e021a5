#include "lab/finished_command.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "net/files.h"

namespace fairlead::lab {

namespace {

std::string last_line(const std::string& path) {
    auto text = net::read_file(path).value_or("");
    while (text.ends_with('\n'))
        text.pop_back();
    return text.substr(text.rfind('\n') + 1);
}

}  // namespace

base::Result<FinishedCommand> run_command(const kernel::netns::Command& command,
                                          const std::string& log_path) {
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return base::fail_errno(errno, log_path);
    const auto start = std::chrono::steady_clock::now();
    const auto child = kernel::netns::spawn(command, log);
    close(log);
    if (!child) return std::unexpected(child.error());
    int status = 0;
    rusage usage{};
    while (wait4(*child, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (status != 0)
        return base::fail(base::ErrorCode::kInternal,
                          command.arguments.front() + " failed: " + last_line(log_path));
    constexpr std::uint64_t kBytesPerKib = 1024;
    return FinishedCommand{seconds.count(), static_cast<std::uint64_t>(usage.ru_maxrss) * kBytesPerKib};
}

}  // namespace fairlead::lab
