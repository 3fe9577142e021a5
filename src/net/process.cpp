#include "net/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <utility>

namespace fairlead::net {

namespace {

using base::ErrorCode;

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

base::Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
    // Ours only: the program would trip over a pipe that does not block.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return Pipe{ends[0], ends[1]};
}

std::vector<std::string> merged_environment(const std::map<std::string, std::string>& extra) {
    std::vector<std::string> merged;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string text = *variable;
        if (!extra.contains(text.substr(0, text.find('=')))) merged.push_back(text);
    }
    for (const auto& [name, value] : extra)
        merged.emplace_back(name).append("=").append(value);
    return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (auto& text : texts)
        result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

}  // namespace

/// One run; it lives until the program has ended or is given up.
class ProgramRun : public std::enable_shared_from_this<ProgramRun> {
  public:
    ProgramRun(EventLoop& loop, const Program& program, std::function<void(base::Result<std::string>)> done)
        : loop_(loop),
          command_(program.command),
          output_limit_bytes_(program.output_limit_bytes),
          done_(std::move(done)) {}
    ~ProgramRun() { give_up(); }
    ProgramRun(const ProgramRun&) = delete;
    ProgramRun& operator=(const ProgramRun&) = delete;

    base::Result<void> start(const Program& program, base::Duration timeout) {
        FAIRLEAD_TRY(const auto out, make_pipe());
        FAIRLEAD_TRY(const auto error, make_pipe());
        out_ = out.read_end;
        error_ = error.read_end;
        const int failure = spawn(program, out.write_end, error.write_end);
        close(out.write_end);
        close(error.write_end);
        if (failure != 0) return base::fail_errno(failure, command_);
        process_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
        if (process_ < 0) return base::fail_errno(errno, command_ + ": pidfd_open");
        FAIRLEAD_TRY(process_watch_, loop_.watch_readable(process_, [this] { on_end(); }));
        FAIRLEAD_TRY(out_watch_, loop_.watch_readable(out_, [this] { read(out_, output_, out_watch_); }));
        FAIRLEAD_TRY(error_watch_,
                     loop_.watch_readable(error_, [this] { read(error_, errors_, error_watch_); }));
        timeout_ = loop_.after(
            timeout, [this] { finish(base::fail(ErrorCode::kUnavailable, command_ + ": took too long")); });
        return {};
    }

    void give_up() {
        process_watch_.reset();
        out_watch_.reset();
        error_watch_.reset();
        timeout_.reset();
        for (int* fd : {&process_, &out_, &error_})
            if (const int open = std::exchange(*fd, -1); open >= 0) close(open);
        if (const pid_t running = std::exchange(pid_, -1); running > 0) {
            kill(-running, SIGKILL);
            waitpid(running, nullptr, 0);
        }
    }

    void fail(base::Error error) { finish(std::unexpected(std::move(error))); }

  private:
    int spawn(const Program& program, int out, int error) {
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, error, STDERR_FILENO);
        posix_spawn_file_actions_addclosefrom_np(&files,
                                                 STDERR_FILENO + 1);  // a connection would outlive us there
        sigset_t ignored_by_us;
        sigemptyset(&ignored_by_us);
        sigaddset(&ignored_by_us, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &ignored_by_us);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
        std::vector<std::string> arguments = program.arguments;
        arguments.insert(arguments.begin(), program.command);
        auto environment = merged_environment(program.environment);
        const int failure = posix_spawnp(&pid_, program.command.c_str(), &files, &attributes,
                                         pointers(arguments).data(), pointers(environment).data());
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
        if (failure != 0) pid_ = -1;
        return failure;
    }

    void read(int fd, std::string& text, Subscription& watch) {
        std::array<char, 16384> chunk{};
        for (;;) {
            const ssize_t size = ::read(fd, chunk.data(), chunk.size());
            if (size < 0) return;  // EAGAIN: more will come
            if (size == 0) break;
            text.append(chunk.data(), static_cast<std::size_t>(size));
            if (text.size() > output_limit_bytes_)
                return finish(base::fail(
                    ErrorCode::kInvalid,
                    command_ + ": printed over " + std::to_string(output_limit_bytes_ >> 20U) + " MiB"));
        }
        watch.reset();
    }

    /// What it printed lies in the pipes; who else holds their other ends (a daemon that it left behind) is
    /// not waited for.
    void on_end() {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) != pid_) return;
        pid_ = -1;
        const auto self = shared_from_this();
        read(out_, output_, out_watch_);
        if (done_) read(error_, errors_, error_watch_);
        if (done_) finish(result(status));
    }

    base::Result<std::string> result(int status) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return std::move(output_);
        const std::string how = WIFEXITED(status) ? "ended with status " + std::to_string(WEXITSTATUS(status))
                                                  : "was ended by signal " + std::to_string(WTERMSIG(status));
        constexpr std::size_t kLastWords = 500;
        const auto last_words =
            errors_.size() > kLastWords ? errors_.substr(errors_.size() - kLastWords) : errors_;
        return base::fail(ErrorCode::kInternal,
                          command_ + ": " + how + (last_words.empty() ? "" : ": " + last_words));
    }

    void finish(base::Result<std::string> result) {
        const auto self = shared_from_this();
        give_up();
        if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
    }

    EventLoop& loop_;
    std::string command_;
    std::size_t output_limit_bytes_;
    std::function<void(base::Result<std::string>)> done_;
    pid_t pid_ = -1;
    int process_ = -1;  // pidfd_open(2)
    int out_ = -1;
    int error_ = -1;
    std::string output_;
    std::string errors_;
    Subscription process_watch_;
    Subscription out_watch_;
    Subscription error_watch_;
    Subscription timeout_;
};

Subscription run_program(EventLoop& loop, const Program& program, base::Duration timeout,
                         std::function<void(base::Result<std::string>)> done) {
    auto run = std::make_shared<ProgramRun>(loop, program, std::move(done));
    if (auto started = run->start(program, timeout); !started)
        loop.post([run, error = std::move(started).error()] { run->fail(error); });
    return Subscription([run] { run->give_up(); });
}

}  // namespace fairlead::net
