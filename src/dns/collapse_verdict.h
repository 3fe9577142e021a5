#pragma once

// For .cpp files of dns/ only.

#include <array>
#include <memory>
#include <optional>

#include "dns/collapse.h"

namespace fairlead::dns {

/// Results of A and AAAA; nullopt: not there yet.
using PairOfResults = std::array<std::optional<LookupResult>, 2>;

/// A verdict that says no, for good: one of each reason.
std::shared_ptr<const Verdict> own_verdict(VerdictReason reason, bool is_of_zone);

/// What is known of an earlier candidate by now: kFailed, kCandidateExists, or nullopt where nothing speaks
/// against it.
std::optional<VerdictReason> judge_candidate(const PairOfResults& results);

/// What is known of the absolute name by now: why not, or nullopt where nothing speaks against it. With both
/// results nullopt means that it has an address.
std::optional<VerdictReason> judge_absolute(const PairOfResults& results);

/// How long these results are good for; at most `most`.
base::Duration lifetime_of(const PairOfResults& results, base::Duration most);

/// The reply to the first candidate's query of `type`: a CNAME record to the absolute name and what that has,
/// or, where that has no address of the type, "no data" of the cluster's zone. Never a CNAME record alone:
/// beside "no such name" for the other type it would end glibc's walk (res_query.c).
std::shared_ptr<const ReplyBody> collapsed_body(const Name& first_candidate, const Name& absolute,
                                                RecordType type, const LookupResult& result,
                                                const Record& negative_soa);

}  // namespace fairlead::dns
