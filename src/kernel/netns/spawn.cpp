#include "kernel/netns/spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "kernel/netns/namespaces.h"

namespace fairlead::kernel::netns {

namespace {

using base::Result;

constexpr int kExecFailed = 127;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (const auto& text : texts)
        result.push_back(const_cast<char*>(text.c_str()));  // execvp does not write to them
    result.push_back(nullptr);
    return result;
}

void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGQUIT})
        std::signal(signal, SIG_DFL);
}

/// A mount namespace of our own in which /sys is that of the network namespace, and /etc/hosts is ours.
/// Only calls that are safe after fork(2). 0 or errno.
int show_own_files(const char* hosts_file) {
    if (unshare(CLONE_NEWNS) != 0) return errno;
    if (mount("", "/", "none", MS_SLAVE | MS_REC, nullptr) != 0) return errno;
    // A busy or missing /sys is no reason to stop: few programs look there.
    umount2("/sys", MNT_DETACH);
    mount("sysfs", "/sys", "sysfs", 0, nullptr);
    if (hosts_file[0] == '\0') return 0;
    return mount(hosts_file, "/etc/hosts", "none", MS_BIND, nullptr) == 0 ? 0 : errno;
}

/// What the child does between fork and exec; only async-signal-safe calls. Gives errno to `failure_fd`.
[[noreturn]] void run_child(int netns_fd, int output_fd, int failure_fd, pid_t parent, const char* hosts_file,
                            char** arguments) {
    const auto give_up = [failure_fd](int failure) {
        const ssize_t written = write(failure_fd, &failure, sizeof failure);
        _exit(written < 0 ? kExecFailed + 1 : kExecFailed);
    };
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up(errno);
    if (getppid() != parent) give_up(ESRCH);  // it died before we asked
    setpgid(0, 0);
    reset_signals();
    if (setns(netns_fd, CLONE_NEWNET) != 0) give_up(errno);
    if (const int failure = hosts_file[0] == '\0' ? 0 : show_own_files(hosts_file); failure != 0)
        give_up(failure);
    const int empty = open("/dev/null", O_RDONLY);
    if (dup2(empty, STDIN_FILENO) < 0 || dup2(output_fd, STDOUT_FILENO) < 0 ||
        dup2(output_fd, STDERR_FILENO) < 0)
        give_up(errno);
    execvp(arguments[0], arguments);
    give_up(errno);
    _exit(kExecFailed);
}

}  // namespace

Result<pid_t> spawn(const Command& command, int output_fd) {
    FAIRLEAD_TRY(const auto target, Namespace::open(command.netns));
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
    auto arguments = pointers(command.arguments);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0)
        run_child(target.fd(), output_fd, ends[1], parent, command.hosts_file.c_str(), arguments.data());
    const int fork_failure = errno;
    close(ends[1]);
    int failure = 0;
    const bool failed = child > 0 && read(ends[0], &failure, sizeof failure) == sizeof failure;
    close(ends[0]);
    if (child < 0) return base::fail_errno(fork_failure, "fork");
    if (!failed) return child;
    waitpid(child, nullptr, 0);
    return base::fail_errno(failure, command.arguments.front() + " in " + command.netns);
}

base::Error become(const Command& command) {
    auto target = Namespace::open(command.netns);
    if (!target) return std::move(target).error();
    if (auto entered = enter(*target); !entered) return std::move(entered).error();
    if (const int failure = show_own_files(command.hosts_file.c_str()); failure != 0)
        return base::fail_errno(failure, "mount namespace").error();
    auto arguments = pointers(command.arguments);
    execvp(arguments[0], arguments.data());
    return base::fail_errno(errno, command.arguments.front()).error();
}

}  // namespace fairlead::kernel::netns
