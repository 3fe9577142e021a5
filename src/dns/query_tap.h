#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/random.h"
#include "dns/answer_observer.h"
#include "dns/query_filter.h"

namespace fairlead::dns {

/// A query that somebody wanted to see, with what became of it.
struct LoggedQuery {
    base::TimePoint at;
    base::IpAddress source;
    std::shared_ptr<const SearchContext> context;  ///< nullptr: of no known pod
    Name name;                                     ///< in lower case
    RecordType type = RecordType::kA;
    ResponseCode code = ResponseCode::kNoError;
    ClientTransport transport = ClientTransport::kUdp;
    ReplySource reply_source = ReplySource::kServer;
    std::uint16_t answers = 0;  ///< records in the answer section
    base::Duration took{};
    std::uint64_t version = 0;    ///< of the filters that it fits
    std::uint32_t wanted_by = 0;  ///< a bit for each of them that it fits
};

/// Catches queries of one worker for whoever wants to see some: the worker writes them into a ring that
/// another thread empties. The worker never waits and takes no memory: what finds the ring full is dropped
/// and counted.
class QueryTap final : public AnswerObserver {
  public:
    static constexpr std::size_t kMostFilters = 16;
    static constexpr std::size_t kRoom = 1024;  ///< queries

    /// `seed`: which queries are drawn.
    explicit QueryTap(std::uint64_t seed) : random_(seed) {}

    // For the worker.
    void answered(base::TimePoint now, const SeenAnswer& answer) override;

    // For the thread that reads.

    /// Queries that fit one of these are caught from the worker's next one on. `version` is above that of the
    /// call before.
    void want(std::vector<std::optional<QueryFilter>> filters, std::uint64_t version);
    /// Appends what was caught, the oldest first.
    void take(std::vector<LoggedQuery>& queries);
    [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  private:
    struct Ring {
        std::array<LoggedQuery, kRoom> queries;
        std::atomic<std::uint64_t> written{0};
        std::atomic<std::uint64_t> read{0};
    };
    struct Wanted {
        std::vector<std::optional<QueryFilter>> filters;
        std::uint64_t version = 0;
    };

    void look_what_is_wanted();
    [[nodiscard]] std::uint32_t wanted_by(const SeenAnswer& answer, ResponseCode code);
    void put(LoggedQuery query);

    std::atomic<std::uint64_t> version_{0};  // of wanted_
    std::atomic<std::uint64_t> dropped_{0};
    std::mutex mutex_;
    std::shared_ptr<const Wanted> wanted_;  // guarded by mutex_
    std::shared_ptr<Ring> ring_;            // made by the reader, once; guarded by mutex_ for the worker

    // The worker's.
    std::uint64_t seen_version_ = 0;
    std::shared_ptr<const Wanted> seen_wanted_;  // nullptr: nothing
    std::shared_ptr<Ring> seen_ring_;
    base::Random random_;
};

}  // namespace fairlead::dns
