#include "agent/conntrack_usage.h"

#include <utility>

#include "agent/flow_names_page.h"
#include "base/log.h"
#include "kernel/conntrack/netlink_conntrack_table.h"

namespace fairlead::agent {

namespace {

using base::Result;

constexpr std::size_t kAddressesKept = 25'000;

struct TableReading {
    conntrack::Usage usage;
    bool whole = false;
    std::uint32_t flows = 0;
};

Result<TableReading> read_table(const conntrack::FlowNames& names) {
    FAIRLEAD_TRY(auto table, kernel::conntrack::NetlinkConntrackTable::open());
    TableReading reading;
    FAIRLEAD_TRY(reading.flows, table.count());
    conntrack::UsageCounter counter{names, kAddressesKept};
    FAIRLEAD_TRY(reading.whole, table.visit_while({}, [&](const kernel::conntrack::Flow& flow) {
        counter.take(flow);
        return counter.total().flows < ConntrackUsage::kMostFlows;
    }));
    reading.usage = counter.usage(1);
    return reading;
}

}  // namespace

void ConntrackUsage::look(Told told) {
    waiting_.push_back(std::move(told));
    if (busy_) return;
    if (looked_ && loop_.now() - *looked_ < kPause) return tell(sentence_);
    busy_ = true;
    looked_ = loop_.now();
    auto job = std::make_shared<Job>();
    // Who may answer is not asked for: of a large cluster it would take more memory than all the rest.
    job->services = services::answering_ports_source(proxy_, [](const auto&) { return true; });
    for (auto& entry : job->services.entries)
        entry.slices.clear();
    thread_ = std::jthread([&loop = loop_, self = std::weak_ptr(self_), job = std::move(job)]() mutable {
        read(*job);
        loop.post([self = std::move(self), job = std::move(job)] {
            if (const auto alive = self.lock()) (*alive)->on_read(std::move(*job));
        });
    });
}

void ConntrackUsage::read(Job& job) {
    const auto names = flow_names(std::exchange(job.services, {}));
    auto reading = read_table(names);
    if (!reading) {
        job.usage = std::unexpected(std::move(reading).error());
        return;
    }
    job.usage = std::move(reading->usage);
    job.whole = reading->whole;
    job.flows = reading->flows;
}

void ConntrackUsage::on_read(Job job) {
    busy_ = false;
    sentence_.clear();
    if (!job.usage) {
        base::log_warning("cannot say who fills the connection tracking table",
                          {{"error", job.usage.error().message}});
        return tell(sentence_);
    }
    for (auto& part : job.usage->pods.largest)
        if (const auto address = base::IpAddress::parse(part.name))
            if (const auto pod = services::pod_at(proxy_.catalog(), *address); !pod.empty()) part.name = pod;
    sentence_ = most_sentence(*job.usage);
    base::log_info("who fills the connection tracking table", {{"flows", job.flows},
                                                               {"read", job.usage->total.flows},
                                                               {"whole", job.whole ? "yes" : "no"},
                                                               {"most", sentence_}});
    tell(sentence_);
}

void ConntrackUsage::tell(const std::string& sentence) {
    for (const auto& told : std::exchange(waiting_, {}))
        told(sentence);
}

}  // namespace fairlead::agent
