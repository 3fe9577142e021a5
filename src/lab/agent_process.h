#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace fairlead::lab {

/// An agent in a node of a case. It is killed with this object.
class AgentProcess {
  public:
    /// `program` is the path of fairlead; `log_path` gets what it says.
    AgentProcess(std::string program, std::string node_netns, std::string log_path)
        : program_(std::move(program)), node_netns_(std::move(node_netns)), log_path_(std::move(log_path)) {}
    ~AgentProcess();
    AgentProcess(const AgentProcess&) = delete;
    AgentProcess& operator=(const AgentProcess&) = delete;

    /// Starts it with the arguments that follow "agent".
    base::Result<void> start(const std::vector<std::string>& arguments);
    [[nodiscard]] bool started() const { return process_ != 0; }

    /// What it answers on /metrics; kInternal, with the path of the log, if it has ended.
    base::Result<std::string> metrics();

  private:
    std::string program_;
    std::string node_netns_;
    std::string log_path_;
    pid_t process_ = 0;  // -1: it has ended
};

}  // namespace fairlead::lab
