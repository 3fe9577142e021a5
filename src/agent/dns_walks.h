#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/dns_asker.h"
#include "agent/dns_walk_report.h"

namespace fairlead::agent {

/// Walks through search lists as clients' resolvers would, against the DNS server of this node.
class DnsWalks {
  public:
    using Done = std::function<void(base::Result<std::string>)>;

    /// `asker` outlives it.
    explicit DnsWalks(DnsAsker& asker) : asker_(asker) {}
    DnsWalks(const DnsWalks&) = delete;
    DnsWalks& operator=(const DnsWalks&) = delete;
    ~DnsWalks() = default;

    /// Calls `done` once, now or later, with dns_walk_json(). Errors: nothing that can be looked up, too many
    /// walks at a time (kBusy).
    void walk(DnsWalkRequest request, DnsWalker walker, Done done);

  private:
    struct Walk {
        DnsWalkRequest request;
        DnsWalker walker;
        Done done;
        dns::SearchWalk search;
        unsigned steps = 0;
        std::size_t step_begin = 0;  // of `queries`
        std::size_t unanswered = 0;  // of this step
        std::vector<DnsWalkQuery> queries;
    };
    using Number = std::uint64_t;

    void go_on(Number number);
    void take_reply(Number number, std::size_t query, const DnsAsker::Reply& reply);
    void end(Number number);

    DnsAsker& asker_;
    Number last_number_ = 0;
    std::map<Number, Walk> walks_;
};

}  // namespace fairlead::agent
