#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "dns/name.h"
#include "dns/protocol.h"
#include "dns/search_context.h"
#include "dns/top_names.h"

namespace fairlead::dns {

/// An answered query of a pod.
struct AnsweredQuery {
    Name name;  ///< in lower case
    RecordType type = RecordType::kA;
    bool found = false;  ///< the answer has a record in its answer section
    bool collapsed = false;
    bool would_collapse = false;  ///< in the mode "count"
};

/// What one pod asked. A lookup is what its resolver was asked for: a name and a type, whatever number of
/// queries it made of them.
struct PodUsage {
    kube::ObjectKey pod;
    std::string pod_uid;
    std::uint64_t queries = 0;
    std::uint64_t lookups = 0;
    std::uint64_t wasted = 0;          ///< queries for a name in a search domain that has it not
    std::uint64_t collapsed = 0;       ///< lookups that were answered at their first query
    std::uint64_t would_collapse = 0;  ///< those that would have been, in the mode "count"
    std::uint64_t avoided = 0;         ///< queries that were not made because of `collapsed`
    std::uint64_t avoidable = 0;       ///< those that `would_collapse` would have spared
    TopNames wasted_names;             ///< looked up names that `wasted` were made of
    /// Most dots of a name that was found in a search domain; nullopt: none was.
    std::optional<unsigned> most_dots_found;
    unsigned ndots = 1;

    /// Queries for each lookup; 0 before the first.
    [[nodiscard]] double amplification() const {
        return lookups == 0 ? 0 : static_cast<double>(queries) / static_cast<double>(lookups);
    }
    /// Adds what another worker counted of the same pod.
    void add(const PodUsage& other);
};

/// What would spare the pod's wasted queries, for people; empty where hardly any are wasted.
std::string cure_of(const PodUsage& usage);

/// {"pods":[...]}, the most wasteful first.
std::string usage_json(std::vector<PodUsage> usages);

/// Counts what pods ask; one for each worker. Bounded: so many pods, a few names of each. Thread-safe, for
/// the report.
class UsageRecorder {
  public:
    explicit UsageRecorder(std::size_t max_pods = 512) : max_pods_(max_pods) {}

    void record(base::TimePoint now, const SearchContext& context, const AnsweredQuery& query);
    /// Queries of the mode "count" of which it came out later that they would have been collapsed.
    void record_would_collapse(const SearchContext& context, unsigned queries);
    /// Lets go of all pods but these (SearchContext::pod_number).
    void keep_only(const absl::flat_hash_set<std::uint64_t>& pods);

    [[nodiscard]] std::vector<PodUsage> usages() const;

  private:
    /// A lookup whose end was not seen yet.
    struct OpenWalk {
        std::uint64_t lookup = 0;      // hash of name and type; 0: none
        std::size_t domains_done = 0;  // search domains that were tried
        base::TimePoint last_query;
    };
    struct Pod {
        PodUsage usage;
        std::array<OpenWalk, 32> walks;
        std::optional<base::TimePoint> last_step;  // of all walks

        [[nodiscard]] bool has_open_walk(base::TimePoint now) const;
    };
    /// What a query was made of.
    struct Step {
        Name base;
        std::optional<std::size_t> domain;  ///< the search domain; nullopt: none, the name as it is
        bool begins = false;
    };

    Pod* pod_of(const SearchContext& context);
    static bool is_open(const Pod& pod, base::TimePoint now, const Name& base, RecordType type,
                        std::size_t domains_done);
    /// As if no walk were open.
    static Step first_step_of(const SearchContext& context, const AnsweredQuery& query);
    static Step step_of(const Pod& pod, base::TimePoint now, const SearchContext& context,
                        const AnsweredQuery& query);
    static void follow(Pod& pod, base::TimePoint now, const SearchContext& context,
                       const AnsweredQuery& query, const Step& step);

    const std::size_t max_pods_;
    mutable std::mutex mutex_;
    absl::flat_hash_map<std::uint64_t, std::unique_ptr<Pod>> pods_;
};

}  // namespace fairlead::dns
