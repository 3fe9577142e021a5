#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics.h"
#include "dns/query_tap.h"
#include "net/event_loop.h"

namespace fairlead::agent {

/// Queries that clients made of the DNS server, for whoever wants to see some: the agent's log, as
/// configured, and readers of the page /dns-log, each with a filter of its own. While nobody wants any,
/// workers catch none.
class DnsQueryLog {
  public:
    DnsQueryLog(net::EventLoop& loop, admin::Metrics& metrics);

    /// For one engine, which holds it for as long as it uses it.
    std::shared_ptr<dns::QueryTap> new_tap();

    /// What goes to the log from now on; one_in 0: nothing.
    void configure(const dns::QueryFilter& filter);

    /// The page /dns-log: queries since the reader's last look. Parameters:
    /// - reader: the number that the answer before had; without it a new reader begins, with these:
    /// - pod: NAMESPACE or NAMESPACE/POD
    /// - code: NXDOMAIN, ...
    /// - name: a name, which stands for those below it, too
    /// - sample: one in so many
    /// A reader that does not ask for kReaderStays is let go of. Errors: too many readers, or one that was
    /// let go of.
    base::Result<std::string> page(std::string_view query);

    static constexpr base::Duration kReaderStays = std::chrono::seconds(10);
    static constexpr std::size_t kMostReaders = 8;
    /// Queries that are kept for a reader between two looks; the oldest go.
    static constexpr std::size_t kKept = 4096;

  private:
    /// The agent's log is the first.
    static constexpr std::size_t kPlaces = 1 + kMostReaders;
    struct Reader {
        std::uint64_t number = 0;
        std::uint64_t since_version = 0;
        base::TimePoint last_look;
        std::deque<std::string> queries;  // JSON objects
        std::uint64_t dropped = 0;        // queries of its own, and of workers, since its last look
    };

    base::Result<std::size_t> new_reader(dns::QueryFilter filter);
    std::optional<std::size_t> place_of(std::string_view number) const;
    void want();
    void drain();
    void tick();
    void deliver(const dns::LoggedQuery& query);
    void let_go_of_readers();

    net::EventLoop& loop_;
    admin::Number& written_;
    admin::Number& dropped_;
    std::vector<std::shared_ptr<dns::QueryTap>> taps_;
    std::vector<std::optional<dns::QueryFilter>> filters_;
    std::array<std::optional<Reader>, kPlaces> readers_;  // none at the place of the log
    std::uint64_t log_since_version_ = 0;
    std::uint64_t version_ = 0;
    std::uint64_t last_number_ = 0;
    std::uint64_t dropped_by_workers_ = 0;  // those that are counted
    std::uint64_t dropped_by_gone_ = 0;     // of taps that are not there any more
    std::vector<dns::LoggedQuery> caught_;
    net::Subscription timer_;
};

}  // namespace fairlead::agent
