#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "conntrack/usage.h"
#include "net/event_loop.h"
#include "services/answering_ports.h"

namespace fairlead::agent {

/// Says who fills the connection tracking table when somebody wants to know: one walk over the first part of
/// the table, which is as good as all of it, on a thread of its own that gets values and gives values back.
/// What it found goes to the log too. In memory it is some 5 MiB, and what the Services' addresses take.
class ConntrackUsage {
  public:
    /// A sentence as most_sentence makes it; empty if the table could not be read, or has no flows.
    using Told = std::function<void(const std::string& sentence)>;
    static constexpr base::Duration kPause = std::chrono::minutes(5);
    static constexpr std::uint32_t kMostFlows = 200'000;

    /// `proxy` gives the Services, and must outlive it.
    ConntrackUsage(net::EventLoop& loop, const services::ServiceProxy& proxy) : loop_(loop), proxy_(proxy) {}
    /// Waits for what the thread is at.
    ~ConntrackUsage() = default;
    ConntrackUsage(const ConntrackUsage&) = delete;
    ConntrackUsage& operator=(const ConntrackUsage&) = delete;

    /// Looks, and calls `told` from the event loop. Within kPause of the last look that one's sentence is
    /// told again.
    void look(Told told);

  private:
    /// What the thread is given, and gives back.
    struct Job {
        services::AnsweringPortsSource services;
        base::Result<conntrack::Usage> usage;
        bool whole = false;
        std::uint32_t flows = 0;  // in the table
    };

    static void read(Job& job);
    void on_read(Job job);
    void tell(const std::string& sentence);

    net::EventLoop& loop_;
    const services::ServiceProxy& proxy_;
    std::vector<Told> waiting_;
    std::string sentence_;
    std::optional<base::TimePoint> looked_;
    bool busy_ = false;
    /// Results that arrive after this object is gone find it empty.
    std::shared_ptr<ConntrackUsage*> self_ = std::make_shared<ConntrackUsage*>(this);
    std::jthread thread_;  // last: it ends before the rest goes
};

}  // namespace fairlead::agent
