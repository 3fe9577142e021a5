#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "base/result.h"
#include "kernel/netns/spawn.h"
#include "net/event_loop.h"

namespace fairlead::lab {

/// A program that is started again whenever it ends, as the kubelet does, with growing pauses.
/// Its output is appended to a file. It is killed with this object.
class KeptRunning {
  public:
    /// `ended` is told how, before the pause: "agent on node-1: killed by signal 9".
    KeptRunning(net::EventLoop& loop, std::string title, kernel::netns::Command command, std::string log_path,
                std::function<void(const std::string&)> ended);
    ~KeptRunning();
    KeptRunning(const KeptRunning&) = delete;
    KeptRunning& operator=(const KeptRunning&) = delete;

    base::Result<void> start();

  private:
    void on_end();
    void restart_after_pause();
    void end_child();

    net::EventLoop& loop_;
    std::string title_;
    kernel::netns::Command command_;
    std::string log_path_;
    std::function<void(const std::string&)> ended_;
    pid_t child_ = 0;
    int child_fd_ = -1;  // pidfd_open(2)
    base::TimePoint started_;
    base::Duration pause_{};
    net::Subscription watch_;
    net::Subscription restart_;
};

}  // namespace fairlead::lab
