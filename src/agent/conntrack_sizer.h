#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "admin/metrics.h"
#include "agent/conntrack_files.h"
#include "agent/conntrack_settings.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// Keeps the sizes and timeouts of connection tracking as configured, and has the table grow with what it
/// must hold. Values are written when they are configured and when the peak asks for it, and never to undo
/// what somebody else wrote: that is said once, and the value is left alone until it is configured again.
///
/// All of it happens on the thread of the loop. A new number of buckets has the kernel move every entry while
/// packets and that thread wait; it comes with a doubled table only.
class ConntrackSizer {
  public:
    ConntrackSizer(net::EventLoop& loop, admin::Metrics& metrics, ConntrackFiles files = ConntrackFiles{});

    /// Writes what differs from `settings`, whatever was left alone before: at the start and on SIGHUP. What
    /// cannot be written stays as it is, and is no error. Where there is no connection tracking yet, it waits
    /// for that.
    void configure(const ConntrackSettings& settings);

    /// Takes note of `flows` in the table at the same time; grows it if that is too many.
    void saw_peak(std::uint64_t flows);

    /// Looks whether something else has rewritten a value; the loop does so every 10 s.
    void check();

    /// Values that somebody else rewrote, and those that were configured and cannot be written.
    [[nodiscard]] std::vector<std::string> problems() const;

  private:
    struct Value {
        admin::Number* rewritten_total = nullptr;
        admin::Number* differs = nullptr;
        std::optional<conntrack::PlannedValue> planned;
        std::uint64_t written = 0;  ///< 0: nothing was
        std::string left_alone;     ///< why; empty: it is not
        bool rewritten = false;     ///< that is why
        std::string said;           ///< last reason for a value that stays
    };

    [[nodiscard]] conntrack::SizingFacts read() const;
    void apply();
    void write(const conntrack::PlannedValue& planned);
    void remember(std::vector<conntrack::PlannedValue> plan);
    void find_rewritten();
    void leave_to_others(Value& value, std::uint64_t now);
    void check_later();

    net::EventLoop& loop_;
    ConntrackFiles files_;
    admin::Number& buckets_;
    conntrack::SizingSettings settings_;
    std::map<std::string, Value, std::less<>> values_;
    std::uint64_t peak_ = 0;
    bool applied_ = false;
    net::Subscription next_;
};

}  // namespace fairlead::agent
