#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/time.h"
#include "dns/cluster_zone.h"
#include "dns/name.h"
#include "dns/query.h"
#include "dns/record.h"
#include "dns/search_context.h"
#include "dns/verdict_table.h"

namespace fairlead::dns {

/// A first query of a search walk that may be collapsed.
struct SearchLookup {
    Name base;  ///< what the client looks up, as an absolute name, in lower case
};

/// The walk that this query begins, if it is one whose end may be told at once: A or AAAA, class IN, RD set,
/// DO and CD clear, of a base with at least one dot and fewer than ndots, joined with the first search
/// domain.
std::optional<SearchLookup> search_lookup(const SearchContext& context, const Query& query);

/// What a lookup of a name came to.
struct LookupResult {
    std::shared_ptr<const ReplyBody>
        body;                 ///< made for the name that was looked up; nullptr: no answer could be had
    std::uint32_t age_s = 0;  ///< to be taken off its TTLs
};

/// Whom the collapser asks: the engine that it works for.
class CollapseLookups {
  public:
    virtual ~CollapseLookups() = default;

    /// What the cluster's zone says of a name now.
    [[nodiscard]] virtual NameState state_of(const Name& name) const = 0;
    /// The cluster zone's SOA record as negative answers have it.
    [[nodiscard]] virtual Record negative_soa() const = 0;
    /// Looks a name up as for a client that asks for it: zone, cache, upstream; class IN, RD set, DO clear.
    /// The result if it is there at once; else it goes to Collapser::resolved() under this ticket.
    virtual std::optional<LookupResult> look_up(std::uint64_t ticket, const Name& name, RecordType type) = 0;
};

/// How a query is to be answered.
struct CollapseAnswer {
    enum class Kind : std::uint8_t {
        kOwn,        ///< with the true answer to what was asked, as any query
        kCollapsed,  ///< with `body`
        kPending,    ///< when `inquiry` is among take_finished(): by answer()
    };
    Kind kind = Kind::kOwn;
    /// The mode "count" made it kOwn: what `kCollapsed` would have been.
    bool would_collapse = false;
    std::shared_ptr<const ReplyBody> body;  ///< for this very question; AD is clear
    std::uint32_t age_s = 0;                ///< to be taken off its TTLs
    std::uint64_t inquiry = 0;
};

/// Answers the first query of a search walk with what its last one would have got, where that is certain:
/// then the client is done after 2 queries instead of 8. Whatever is doubtful gets its own true answer, with
/// which the client walks on as ever. One for each worker; verdicts are shared (SearchContext::verdicts).
///
/// The engine asks before it looks into zone and cache, and never stores an answer under the name that was
/// asked for.
class Collapser {
  public:
    /// Nothing is collapsed before `begin`: let clients end the walks they began with another server, or they
    /// would put answers of both together. kClientRetryWindow after the start is right.
    explicit Collapser(base::TimePoint begin) : begin_(begin) {}

    /// `limit`: the most bytes that this client takes. `lookups` is the same object at every call.
    CollapseAnswer decide(base::TimePoint now, const SearchContext& context, const Query& query,
                          std::size_t limit, CollapseLookups& lookups);

    /// The result of a lookup that look_up() did not have at once. What is not waited for any more is
    /// dropped.
    void resolved(base::TimePoint now, std::uint64_t ticket, const LookupResult& result,
                  CollapseLookups& lookups);

    /// An inquiry that queries wait for, and its end.
    struct Finished {
        std::uint64_t inquiry = 0;
        Ruling ruling;
        /// In the mode "count" nobody waits: how many queries have had their own answers meanwhile, and would
        /// have been collapsed. nullptr: none.
        std::shared_ptr<const SearchContext> counted_for;
        unsigned counted = 0;
    };
    [[nodiscard]] std::vector<Finished> take_finished() { return std::exchange(finished_, {}); }
    /// The answer to a query that waited for it; never kPending.
    static CollapseAnswer answer(base::TimePoint now, const SearchContext& context, const Query& query,
                                 std::size_t limit, const Ruling& ruling);

    /// Ends inquiries that take too long: their queries get their own answers before clients ask again.
    void advance(base::TimePoint now);
    /// nullopt: nothing is under way.
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const;

  private:
    /// One base name on its way to a verdict: the candidates that are outside of the zone, then the absolute
    /// name.
    struct Inquiry {
        std::shared_ptr<const SearchContext> context;
        Name first_candidate;
        Name base;
        std::vector<Name> names;  ///< in order; the last is the absolute name
        std::size_t next = 0;     ///< of `names`: the one that is looked up
        base::TimePoint asked;
        std::array<bool, 2> sent{};                          ///< A and AAAA of that name
        std::array<std::optional<LookupResult>, 2> results;  ///< of the same
        base::Duration lifetime;                             ///< of what was found out so far
        unsigned counted = 0;
    };
    using Subject = std::pair<const SearchContext*, Name>;

    CollapseAnswer inquire(base::TimePoint now, const Query& query, Inquiry inquiry, std::size_t limit,
                           CollapseLookups& lookups);
    static CollapseAnswer wait_for(base::TimePoint now, std::uint64_t number, Inquiry& inquiry);
    /// Goes on until a result has to be waited for; the verdict, if there is one.
    static std::shared_ptr<const Verdict> run(std::uint64_t number, Inquiry& inquiry,
                                              CollapseLookups& lookups);
    static std::shared_ptr<const Verdict> judge_end(const Inquiry& inquiry, bool is_of_zone,
                                                    const CollapseLookups& lookups);
    static Ruling give(base::TimePoint now, const Inquiry& inquiry, std::shared_ptr<const Verdict> verdict);
    void finish(base::TimePoint now, std::uint64_t number, std::shared_ptr<const Verdict> verdict);

    base::TimePoint begin_;
    std::uint64_t last_inquiry_ = 0;
    std::map<std::uint64_t, Inquiry> inquiries_;  // the oldest first
    absl::flat_hash_map<Subject, std::uint64_t> by_subject_;
    std::vector<Finished> finished_;
};

}  // namespace fairlead::dns
