#include "lab/dns_load.h"

#include <algorithm>
#include <chrono>

#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

}  // namespace

LookupSummary summarize(std::span<const TimedLookup> lookups, base::TimePoint begin, base::TimePoint end) {
    LookupSummary summary;
    for (const auto& [ended, lookup] : lookups) {
        if (ended < begin || ended >= end) continue;
        ++summary.lookups;
        summary.queries += lookup.queries;
        summary.slowest_seconds = std::max(summary.slowest_seconds, lookup.seconds);
        if (!lookup.was_answered())
            ++summary.unanswered;
        else
            ++(lookup.retries == 0 ? summary.at_first_try : summary.after_one_retry);
    }
    return summary;
}

Result<std::unique_ptr<DnsLoad>> DnsLoad::start(std::string_view netns, const ResolverOptions& options,
                                                std::vector<std::string> names) {
    FAIRLEAD_TRY(auto space, kernel::netns::Namespace::open(netns));
    const auto shared = std::make_shared<kernel::netns::Namespace>(std::move(space));
    std::unique_ptr<DnsLoad> load{new DnsLoad(std::move(names))};
    for (unsigned thread = 0; thread < kThreads; ++thread)
        load->threads_.emplace_back(
            [self = load.get(), shared, options, thread](const std::stop_token& stop) {
                auto done = kernel::netns::enter(*shared);
                if (done) done = self->run(stop, StubResolver{options}, thread);
                if (done) return;
                const std::scoped_lock lock{self->mutex_};
                self->failure_ = done.error();
            });
    return load;
}

Result<void> DnsLoad::run(const std::stop_token& stop, StubResolver resolver, std::size_t first_name) {
    constexpr auto kPace = std::chrono::milliseconds(1);
    std::vector<TimedLookup> lookups;
    for (auto i = first_name; !stop.stop_requested(); ++i) {
        const auto started = Clock::now();
        FAIRLEAD_TRY(auto lookup, resolver.look_up(names_[i % names_.size()]));
        lookups.push_back({Clock::now(), std::move(lookup)});
        std::this_thread::sleep_until(started + kPace);
    }
    keep(lookups);
    return {};
}

void DnsLoad::keep(const std::vector<TimedLookup>& lookups) {
    const std::scoped_lock lock{mutex_};
    lookups_.insert(lookups_.end(), lookups.begin(), lookups.end());
}

Result<std::vector<TimedLookup>> DnsLoad::stop() {
    for (auto& thread : threads_)
        thread.request_stop();
    threads_.clear();
    if (failure_) return std::unexpected(*failure_);
    return std::move(lookups_);
}

}  // namespace fairlead::lab
