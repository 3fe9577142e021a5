#include "lab/up.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "lab/demo.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "lab/supervisor.h"
#include "lab/terminal.h"

namespace fairlead::lab {

namespace {

namespace fs = std::filesystem;
using base::Result;

Result<std::string> manifests_of(const UpOptions& options) {
    if (!options.manifests.empty()) {
        std::error_code failure;
        const auto path = fs::canonical(options.manifests, failure);
        if (failure) return base::fail_errno(failure.value(), options.manifests);
        if (!fs::is_directory(path))
            return base::fail(base::ErrorCode::kInvalid, options.manifests + ": is not a directory");
        return path.string();
    }
    constexpr unsigned kReplicas = 3;
    const StatePaths paths{options.lab};
    std::error_code failure;
    fs::create_directory(paths.demo, failure);
    FAIRLEAD_CHECK(write_atomically(paths.demo + "/services.yaml", demo_services()));
    FAIRLEAD_CHECK(write_atomically(paths.demo + "/pods.yaml", demo_pods(kReplicas)));
    return paths.demo;
}

void tell_what_to_try(const UpOptions& options, const Supervisor& supervisor, const std::string& manifests) {
    const auto name = options.lab == kDefaultName ? "" : " --name " + options.lab;
    say(fmt::format("lab {} is up: {}", options.lab, supervisor.summary()));
    say("manifests: " + manifests + " (edit them, the lab follows)");
    say("try, in another terminal:");
    say("  fairlead lab status" + name);
    if (options.manifests.empty()) say("  fairlead lab exec" + name + " visitor -- curl -s http://cart");
    say("  fairlead lab exec" + name + " " + supervisor.first_node() + " -- nft list table ip fairlead");
    if (!options.detach) say("Ctrl-C, or 'fairlead lab down" + name + "', ends it");
}

constexpr int kEndingSignals[] = {SIGINT, SIGTERM, SIGHUP};

/// From now on these signals wait: half a removal is none. Returns what was blocked before.
sigset_t block_ending() {
    sigset_t ending;
    sigset_t before;
    sigemptyset(&ending);
    for (const int signal : kEndingSignals)
        sigaddset(&ending, signal);
    sigprocmask(SIG_BLOCK, &ending, &before);
    return before;
}

/// What a detached lab tells the process that started it: '0' when it is up, '1' when it failed.
class Starter {
  public:
    explicit Starter(int fd) : fd_(fd) {}

    /// Afterwards the lab has no terminal any more.
    void tell(bool up, const std::string& log) {
        if (fd_ < 0) return;
        const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        const int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (output >= 0) {
            dup2(output, STDOUT_FILENO);
            dup2(output, STDERR_FILENO);
            close(output);
        }
        if (input >= 0) {
            dup2(input, STDIN_FILENO);
            close(input);
        }
        const char sign = up ? '0' : '1';
        if (write(fd_, &sign, 1) < 0) std::perror("lab up");
        close(std::exchange(fd_, -1));
    }

  private:
    int fd_;
};

Result<void> supervise(const UpOptions& options, Starter& starter) {
    FAIRLEAD_CHECK(clear_lab(options.lab));
    FAIRLEAD_TRY(const auto manifests, manifests_of(options));
    net::EventLoop loop;
    Supervisor supervisor{loop, {options.lab, manifests, options.node_count, own_program()}, say};
    FAIRLEAD_TRY(const auto signals, loop.on_signal({SIGINT, SIGTERM, SIGHUP}, [&](int) { loop.stop(); }));
    Result<void> outcome;
    FAIRLEAD_CHECK(supervisor.start([&](const Result<void>& up) {
        const StatePaths paths{options.lab};
        outcome = up ? write_atomically(paths.up, "") : up;
        if (!outcome) return loop.stop();
        tell_what_to_try(options, supervisor, manifests);
        starter.tell(true, paths.logs + "/lab.log");
    }));
    loop.run();
    block_ending();
    say("lab " + options.lab + " ends");
    return outcome;
}

Result<void> run_here(const UpOptions& options, Starter& starter) {
    FAIRLEAD_TRY(const auto claim, Claim::take(options.lab));
    auto done = supervise(options, starter);
    block_ending();
    auto removed = remove_lab(options.lab);
    return done ? removed : done;
}

/// The background process of `lab up --detach`.
[[noreturn]] void run_detached(const UpOptions& options, int starter_fd) {
    setsid();
    std::signal(SIGPIPE, SIG_IGN);  // who started it may be gone when it is up
    Starter starter{starter_fd};
    const auto done = run_here(options, starter);
    if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
    starter.tell(false, "/dev/null");
    std::_Exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

/// Waits for word of the child, or for its end; a signal that is meant to end us ends it. True if one came.
bool end_with_us(pid_t child, int word, const sigset_t& waiting_mask) {
    struct sigaction note{};
    note.sa_handler = [](int) {};
    for (const int signal : kEndingSignals)
        sigaction(signal, &note, nullptr);
    pollfd wanted{word, POLLIN, 0};
    if (ppoll(&wanted, 1, nullptr, &waiting_mask) >= 0 || errno != EINTR) return false;
    kill(child, SIGTERM);
    return true;
}

Result<void> detach(const UpOptions& options) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
    const auto before = block_ending();
    const pid_t child = fork();
    if (child < 0) return base::fail_errno(errno, "fork");
    if (child == 0) {
        close(ends[0]);
        sigprocmask(SIG_SETMASK, &before, nullptr);
        run_detached(options, ends[1]);
    }
    close(ends[1]);
    const bool interrupted = end_with_us(child, ends[0], before);
    char sign = '1';
    const bool told = read(ends[0], &sign, 1) == 1;
    close(ends[0]);
    if (told && sign == '0' && !interrupted) return {};
    waitpid(child, nullptr, 0);
    const auto how = interrupted ? ": interrupted, all is removed" : " did not come up";
    return base::fail(base::ErrorCode::kUnavailable, "lab " + options.lab + how);
}

}  // namespace

std::string own_program() {
    std::array<char, PATH_MAX> path{};
    const auto size = readlink("/proc/self/exe", path.data(), path.size() - 1);
    const std::string program{path.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    return access(program.c_str(), X_OK) == 0 ? program : "/proc/self/exe";
}

Result<void> run_lab(const UpOptions& options) {
    if (options.detach) return detach(options);
    Starter nobody{-1};
    return run_here(options, nobody);
}

}  // namespace fairlead::lab
