#include "lab/up.h"

#include <fcntl.h>
#include <fmt/format.h>
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

namespace fairlead::lab {

namespace {

namespace fs = std::filesystem;
using base::Result;

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

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
    say("lab " + options.lab + " ends");
    return outcome;
}

Result<void> run_here(const UpOptions& options, Starter& starter) {
    FAIRLEAD_TRY(const auto claim, Claim::take(options.lab));
    auto done = supervise(options, starter);
    auto removed = remove_lab(options.lab);
    return done ? removed : done;
}

/// The background process of `lab up --detach`.
[[noreturn]] void run_detached(const UpOptions& options, int starter_fd) {
    setsid();
    Starter starter{starter_fd};
    const auto done = run_here(options, starter);
    if (!done) std::fprintf(stderr, "fairlead: %s\n", done.error().message.c_str());
    starter.tell(false, "/dev/null");
    std::_Exit(done ? EXIT_SUCCESS : EXIT_FAILURE);
}

Result<void> detach(const UpOptions& options) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
    const pid_t child = fork();
    if (child < 0) return base::fail_errno(errno, "fork");
    if (child == 0) {
        close(ends[0]);
        run_detached(options, ends[1]);
    }
    close(ends[1]);
    char sign = '1';
    while (read(ends[0], &sign, 1) < 0 && errno == EINTR) {
    }
    close(ends[0]);
    if (sign == '0') return {};
    waitpid(child, nullptr, 0);
    return base::fail(base::ErrorCode::kUnavailable, "lab " + options.lab + " did not come up");
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
