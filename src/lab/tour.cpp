#include "lab/tour.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>
#include <vector>

#include "lab/demo.h"
#include "lab/guarded.h"
#include "lab/layout.h"
#include "lab/state.h"
#include "lab/terminal.h"
#include "lab/up.h"

namespace fairlead::lab {

namespace {

namespace fs = std::filesystem;
using base::Result;

constexpr unsigned kRequests = 60;
constexpr std::string_view kTourPrefix = "tour";

/// The tour of one lab, step by step. Every command that it shows is a command that it runs.
class Tour {
  public:
    explicit Tour(std::string lab) : lab_(std::move(lab)), paths_(lab_), style_(style_of_stdout()) {}

    Result<void> run();

  private:
    Result<void> write_manifest(const std::string& file, const std::string& what, const std::string& text);
    Result<void> begin();
    Result<void> answer();
    Result<void> scale();
    Result<void> flush();
    Result<void> start_lab();
    Result<void> end_lab();
    Result<void> run_shown(const std::vector<std::string>& arguments);
    Result<void> ask_many(std::size_t expected_pods);
    void head(const std::string& title) const { say("\n" + bold(style_, title)); }
    void show(const std::string& command) const { say("$ " + command); }

    std::string lab_;
    StatePaths paths_;
    Style style_;
    pid_t supervisor_ = 0;  // `lab up`
};

/// Runs our own program; its output goes to `output_fd`.
Result<pid_t> start_own(std::vector<std::string> arguments, int output_fd) {
    const auto program = own_program();
    std::vector<char*> pointers = {const_cast<char*>(program.c_str())};
    for (auto& argument : arguments)
        pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child < 0) return base::fail_errno(errno, "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);  // without us a lab has nobody who ends it
        if (getppid() != parent) _exit(EXIT_FAILURE);
        dup2(output_fd, STDOUT_FILENO);
        dup2(output_fd, STDERR_FILENO);
        execv(program.c_str(), pointers.data());
        _exit(127);
    }
    return child;
}

/// Its output, once it has ended well.
Result<std::string> output_of(const std::vector<std::string>& arguments) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
    const auto child = start_own(arguments, ends[1]);
    close(ends[1]);
    std::string output;
    std::array<char, 4096> chunk{};
    ssize_t size = 0;
    while (child && (size = read(ends[0], chunk.data(), chunk.size())) > 0)
        output.append(chunk.data(), static_cast<std::size_t>(size));
    close(ends[0]);
    if (!child) return std::unexpected(child.error());
    int status = 0;
    waitpid(*child, &status, 0);
    if (status == 0) return output;
    return base::fail(base::ErrorCode::kUnavailable, "fairlead " + arguments[1] + " failed: " + output);
}

Result<void> Tour::write_manifest(const std::string& file, const std::string& what, const std::string& text) {
    const auto path = paths_.scratch + "/" + file;
    show("write " + path + "   # " + what);
    return write_atomically(path, text);
}

Result<void> Tour::start_lab() {
    show("fairlead lab up --name " + lab_ + " -f " + paths_.scratch + " &");
    const auto log = paths_.scratch + "/.lab.log";
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0) return base::fail_errno(errno, log);
    const auto child = start_own({"lab", "up", "--name", lab_, "-f", paths_.scratch}, output);
    close(output);
    if (!child) return std::unexpected(child.error());
    supervisor_ = *child;
    constexpr auto kPause = std::chrono::milliseconds(20);
    while (access(paths_.up.c_str(), F_OK) != 0) {
        if (waitpid(*child, nullptr, WNOHANG) == *child)
            return base::fail(base::ErrorCode::kUnavailable, "the lab did not come up: see " + log);
        std::this_thread::sleep_for(kPause);
    }
    return {};
}

Result<void> Tour::end_lab() {
    head("The end: nothing is left");
    FAIRLEAD_CHECK(run_shown({"lab", "down", "--name", lab_}));
    waitpid(supervisor_, nullptr, 0);
    return {};
}

Result<void> Tour::run_shown(const std::vector<std::string>& arguments) {
    show(fmt::format("fairlead {}", fmt::join(arguments, " ")));
    FAIRLEAD_TRY(const auto output, output_of(arguments));
    std::fputs(output.c_str(), stdout);
    std::fflush(stdout);
    return {};
}

/// Asks the Service from the visitor until as many Pods as expected have answered, and counts who did. Every
/// request must be answered, also while a change is on its way.
Result<void> Tour::ask_many(std::size_t expected_pods) {
    constexpr int kTries = 100;
    constexpr auto kPause = std::chrono::milliseconds(50);
    const std::vector<std::string> one = {"lab",
                                          "exec",
                                          "--name",
                                          lab_,
                                          "visitor",
                                          "--",
                                          "curl",
                                          "-s",
                                          "--max-time",
                                          "3",
                                          fmt::format("http://cart/[1-{}]", kRequests),
                                          "--header",
                                          "Connection: close"};
    auto shown = one;
    shown.back() = "'" + shown.back() + "'";
    show(fmt::format("fairlead {} | sort | uniq -c", fmt::join(shown, " ")));
    std::map<std::string, unsigned> answers;
    for (int tries = 0; tries < kTries; ++tries) {
        FAIRLEAD_TRY(auto output, output_of(one));
        answers.clear();
        unsigned total = 0;
        for (std::size_t begin = 0, end = 0; (end = output.find('\n', begin)) != std::string::npos;
             begin = end + 1) {
            const auto line = output.substr(begin, end - begin);
            ++answers[line.substr(0, line.find(" answered"))];
            ++total;
        }
        if (total != kRequests)
            return base::fail(base::ErrorCode::kUnavailable,
                              fmt::format("only {} of {} requests were answered", total, kRequests));
        if (answers.size() == expected_pods) break;
        std::this_thread::sleep_for(kPause);  // the change is on its way
    }
    for (const auto& [pod, count] : answers)
        say(fmt::format("{:>5} {}", count, pod));
    if (answers.size() == expected_pods) return {};
    return base::fail(base::ErrorCode::kUnavailable,
                      fmt::format("{} Pods answered instead of {}", answers.size(), expected_pods));
}

Result<void> Tour::begin() {
    std::error_code failure;
    fs::create_directories(paths_.scratch, failure);
    if (failure) return base::fail_errno(failure.value(), paths_.scratch);
    head("A Service and two Pods, on two nodes with an agent each");
    FAIRLEAD_CHECK(write_manifest("services.yaml", "Service shop/cart, Pod shop/visitor", demo_services()));
    FAIRLEAD_CHECK(write_manifest("pods.yaml", "Pods shop/cart-1 and shop/cart-2", demo_pods(2)));
    FAIRLEAD_CHECK(start_lab());
    return run_shown({"lab", "status", "--name", lab_});
}

Result<void> Tour::answer() {
    head("The Service answers, by name, from a Pod; both Pods get their share");
    FAIRLEAD_CHECK(ask_many(2));
    head("What is in the kernel: elements of sets and maps, and no rule of this Service");
    return run_shown(
        {"lab", "exec", "--name", lab_, "node-1", "--", "nft", "list", "map", "ip", "fairlead", "endpoints"});
}

Result<void> Tour::scale() {
    head("Scale it to four");
    FAIRLEAD_CHECK(write_manifest("pods.yaml", "Pods shop/cart-1 to shop/cart-4", demo_pods(4)));
    FAIRLEAD_CHECK(ask_many(4));
    head("Remove a Pod; nobody notices");
    FAIRLEAD_CHECK(write_manifest("pods.yaml", "Pods shop/cart-1 to shop/cart-3", demo_pods(3)));
    return ask_many(3);
}

Result<void> Tour::flush() {
    head("Somebody flushes the whole ruleset of a node; the agent puts it back");
    FAIRLEAD_CHECK(run_shown({"lab", "exec", "--name", lab_, "node-1", "--", "nft", "flush", "ruleset"}));
    return ask_many(3);
}

Result<void> Tour::run() {
    for (const auto step : {&Tour::begin, &Tour::answer, &Tour::scale, &Tour::flush, &Tour::end_lab})
        FAIRLEAD_CHECK((this->*step)());
    head("What to try next");
    say("  fairlead lab up                 # a lab of your own; it prints what to do with it");
    say("  fairlead lab up -f examples     # or of your manifests");
    say("  fairlead lab run                # the failures that fairlead ends, each measured");
    say("  fairlead agent --help           # a node of a real cluster");
    return {};
}

/// The process whose tour has that name; nullopt if it is no tour's.
std::optional<pid_t> tour_guide(std::string_view lab) {
    if (!lab.starts_with(kTourPrefix)) return std::nullopt;
    const auto digits = lab.substr(kTourPrefix.size());
    pid_t pid = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), pid);
    if (problem != std::errc{} || end != digits.data() + digits.size() || pid <= 0) return std::nullopt;
    return pid;
}

}  // namespace

Result<void> remove_old_tours() {
    FAIRLEAD_TRY(const auto labs, labs_on_this_machine());
    for (const auto& lab : labs) {
        const auto guide = tour_guide(lab);
        const bool is_over = guide && kill(*guide, 0) != 0 && !is_claimed(lab);
        if (is_over) FAIRLEAD_CHECK(take_down(lab));
    }
    return {};
}

Result<void> run_tour() {
    FAIRLEAD_CHECK(remove_old_tours());
    const auto lab = std::string(kTourPrefix) + std::to_string(getpid());
    return run_guarded(lab, [&lab] { return Tour{lab}.run(); }, [&lab] { return take_down(lab); });
}

}  // namespace fairlead::lab
