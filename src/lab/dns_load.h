#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "lab/stub_resolver.h"

namespace fairlead::lab {

struct TimedLookup {
    base::TimePoint ended;
    Lookup lookup;
};

/// What became of lookups.
struct LookupSummary {
    std::size_t lookups = 0;
    std::size_t queries = 0;
    std::size_t at_first_try = 0;     ///< every question was answered at once
    std::size_t after_one_retry = 0;  ///< one of them had to be sent a second time
    std::size_t unanswered = 0;
    double slowest_seconds = 0;

    friend bool operator==(const LookupSummary&, const LookupSummary&) = default;
};
/// Of those that ended from `begin` on and before `end`. Pure. A resolver has two attempts.
LookupSummary summarize(std::span<const TimedLookup> lookups, base::TimePoint begin, base::TimePoint end);

/// Programs in a Pod that look up names all the time: threads, each of which begins a lookup every
/// millisecond, or as soon as the one before has ended.
class DnsLoad {
  public:
    static constexpr unsigned kThreads = 8;

    /// `names` in turn; at least one.
    static base::Result<std::unique_ptr<DnsLoad>> start(std::string_view netns,
                                                        const ResolverOptions& options,
                                                        std::vector<std::string> names);

    /// Waits for what is under way. All lookups, in no order; the error of one that this machine failed at.
    base::Result<std::vector<TimedLookup>> stop();

  private:
    explicit DnsLoad(std::vector<std::string> names) : names_(std::move(names)) {}
    base::Result<void> run(const std::stop_token& stop, StubResolver resolver, std::size_t first_name);
    void keep(const std::vector<TimedLookup>& lookups);

    std::vector<std::string> names_;
    std::mutex mutex_;
    std::vector<TimedLookup> lookups_;
    std::optional<base::Error> failure_;
    std::vector<std::jthread> threads_;
};

}  // namespace fairlead::lab
