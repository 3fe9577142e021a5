#include "lab/agent_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "kernel/netns/spawn.h"
#include "lab/http_probe.h"

namespace fairlead::lab {

using base::Result;

AgentProcess::~AgentProcess() {
    if (process_ <= 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
}

Result<void> AgentProcess::start(const std::vector<std::string>& arguments) {
    const int log = open(log_path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log < 0) return base::fail_errno(errno, log_path_);
    std::vector<std::string> command = {program_, "agent"};
    std::ranges::copy(arguments, std::back_inserter(command));
    const auto child = kernel::netns::spawn({node_netns_, std::move(command), ""}, log);
    close(log);
    if (!child) return std::unexpected(child.error());
    process_ = *child;
    return {};
}

Result<std::string> AgentProcess::metrics() {
    constexpr std::uint16_t kMetricsPort = 10249;
    auto answer = probe_http_in(node_netns_, kMetricsPort, "/metrics");
    if (answer) return std::move(answer->body);
    if (process_ > 0 && waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    if (process_ < 0) return base::fail(base::ErrorCode::kInternal, "the agent ended: see " + log_path_);
    return base::fail(base::ErrorCode::kUnavailable, answer.error().message);
}

}  // namespace fairlead::lab
