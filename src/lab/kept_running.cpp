#include "lab/kept_running.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>

namespace fairlead::lab {

namespace {

using base::Result;

constexpr base::Duration kFirstPause = std::chrono::milliseconds(100);
constexpr base::Duration kLongestPause = std::chrono::seconds(5);
/// After so long a life the next end is looked at as the first.
constexpr base::Duration kGoodLife = std::chrono::seconds(10);

std::string end_of(int status) {
    if (WIFSIGNALED(status)) return "killed by signal " + std::to_string(WTERMSIG(status));
    return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

KeptRunning::KeptRunning(net::EventLoop& loop, std::string title, kernel::netns::Command command,
                         std::string log_path, std::function<void(const std::string&)> ended)
    : loop_(loop),
      title_(std::move(title)),
      command_(std::move(command)),
      log_path_(std::move(log_path)),
      ended_(std::move(ended)) {}

KeptRunning::~KeptRunning() {
    end_child();
}

void KeptRunning::end_child() {
    watch_.reset();
    if (const pid_t child = std::exchange(child_, 0); child > 0) {
        kill(child, SIGKILL);
        waitpid(child, nullptr, 0);
    }
    if (const int fd = std::exchange(child_fd_, -1); fd >= 0) close(fd);
}

Result<void> KeptRunning::start() {
    const int log = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return base::fail_errno(errno, log_path_);
    const auto child = kernel::netns::spawn(command_, log);
    close(log);
    if (!child) return base::fail_within(title_, child.error());
    child_ = *child;
    child_fd_ = static_cast<int>(syscall(SYS_pidfd_open, child_, 0));
    if (child_fd_ < 0) return base::fail_errno(errno, title_ + ": pidfd_open");
    started_ = loop_.now();
    FAIRLEAD_TRY(watch_, loop_.watch_readable(child_fd_, [this] { on_end(); }));
    return {};
}

/// Tries until it runs: what keeps it from starting (no memory, no descriptor) may pass.
void KeptRunning::restart_after_pause() {
    restart_ = loop_.after(pause_, [this] {
        const auto started = start();
        if (started) return;
        end_child();
        pause_ = std::min(pause_ * 2, kLongestPause);
        restart_after_pause();
        const auto ended = ended_;
        ended(started.error().message);  // it may destroy this object
    });
}

void KeptRunning::on_end() {
    int status = 0;
    if (waitpid(child_, &status, WNOHANG) != child_) return;
    child_ = 0;
    close(std::exchange(child_fd_, -1));
    pause_ =
        loop_.now() - started_ > kGoodLife ? kFirstPause : std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    restart_after_pause();
    const auto watch = std::move(watch_);
    const auto ended = ended_;
    ended(title_ + ": " + end_of(status));  // it may destroy this object
}

}  // namespace fairlead::lab
