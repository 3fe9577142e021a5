#include "lab/guarded.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace fairlead::lab {

namespace {

using base::Result;

sigset_t watched_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
        sigaddset(&signals, signal);
    return signals;
}

[[noreturn]] void run_child(pid_t parent, const sigset_t& before, const std::function<Result<void>()>& work) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) std::_Exit(EXIT_FAILURE);
    setpgid(0, 0);  // the terminal's Ctrl-C is for the parent
    sigprocmask(SIG_SETMASK, &before, nullptr);
    const auto done = work();
    if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
    std::fflush(nullptr);
    std::_Exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

/// The child's status as wait(2) has it, after its end or after a signal that ended it; `interrupted` is
/// that signal.
int wait_for(pid_t child, const sigset_t& signals, int& interrupted) {
    for (;;) {
        int status = 0;
        if (waitpid(child, &status, WNOHANG) == child) return status;
        const int signal = sigwaitinfo(&signals, nullptr);
        if (signal == SIGCHLD || signal < 0) continue;
        interrupted = signal;
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        return status;
    }
}

}  // namespace

Result<void> run_guarded(std::string_view lab, const std::function<Result<void>()>& work,
                         const std::function<Result<void>()>& remove) {
    const auto signals = watched_signals();
    sigset_t before;
    sigprocmask(SIG_BLOCK, &signals, &before);
    std::fflush(nullptr);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return base::fail_errno(errno, "fork");
    if (child == 0) run_child(parent, before, work);
    int interrupted = 0;
    const int status = wait_for(child, signals, interrupted);
    auto removed = remove();
    while (waitpid(-1, nullptr, WNOHANG) > 0) {  // orphans of the work, which `remove` ended
    }
    sigprocmask(SIG_SETMASK, &before, nullptr);
    if (!removed) return removed;
    if (interrupted != 0)
        return base::fail(base::ErrorCode::kUnavailable, std::string(lab) + ": interrupted, all is removed");
    if (WIFSIGNALED(status))
        return base::fail(base::ErrorCode::kInternal,
                          std::string(lab) + ": ended by signal " + std::to_string(WTERMSIG(status)));
    if (WEXITSTATUS(status) != 0)
        return base::fail(base::ErrorCode::kUnavailable, std::string(lab) + ": did not end well");
    return {};
}

}  // namespace fairlead::lab
