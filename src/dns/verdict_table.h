#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "dns/name.h"
#include "dns/reply.h"

namespace fairlead::dns {

/// The longest that a stub resolver waits before it asks again: glibc and Go 5 s, musl 2.5 s, c-ares 2 or 5
/// s.
constexpr base::Duration kClientRetryWindow = std::chrono::seconds(5);

/// Why a search walk is or is not answered at its first query.
enum class VerdictReason : std::uint8_t {
    kCollapse,         ///< all earlier candidates are missing and the absolute name has an address
    kCandidateExists,  ///< an earlier candidate exists, with whatever type
    kNotSynced,        ///< the cluster's zone is not known yet
    kAbsoluteMissing,  ///< the absolute name does not exist
    kNoAddress,        ///< the absolute name exists, without an address
    kFailed,           ///< a lookup gave neither an answer nor "no such name", or took too long
};

/// What becomes of one base name in one search walk, for A and AAAA alike.
struct Verdict {
    VerdictReason reason = VerdictReason::kFailed;
    /// What decided it is in the cluster's zone, which is always up to date.
    bool is_of_zone = false;
    base::Duration lifetime{};  ///< it is asked for anew after this
    /// Of a collapse, the replies to the first candidate's A and AAAA.
    std::array<std::shared_ptr<const ReplyBody>, 2> bodies;

    [[nodiscard]] bool collapses() const { return reason == VerdictReason::kCollapse; }
};

/// A verdict and when it was given.
struct Ruling {
    std::shared_ptr<const Verdict> verdict;  ///< nullptr: there is none
    base::TimePoint given{};
    std::uint64_t checked_version = 0;  ///< SearchContext::checked_version of who gave it

    [[nodiscard]] bool is_fresh(base::TimePoint now, std::uint64_t version) const {
        return verdict != nullptr && checked_version == version && now - given < verdict->lifetime;
    }
};

/// The verdicts of one search walk, by base name (absolute, in lower case). Shared by all workers, which may
/// see the A and the AAAA query of one lookup: thread-safe, bounded.
///
/// Two halves of a pair must not get different verdicts: an AAAA answer beside an A answer "no such name"
/// costs the client its IPv4 addresses. So a verdict that says otherwise than the one before takes over only
/// after a pause in which nobody asked: of kClientRetryWindow at first, and half as long each time that it
/// has waited for another window, or a name that is always in use would never change.
class VerdictTable {
  public:
    explicit VerdictTable(std::size_t max_names = 2048) : max_names_(max_names) {}

    [[nodiscard]] Ruling find(const Name& base) const;

    /// Gives a verdict (`ruling`) on what was asked at `asked`. What rules from now on: this one, that of
    /// somebody who was faster, or the one before; none where there is no room for another name.
    Ruling give(base::TimePoint asked, const Name& base, Ruling ruling);

    /// A reply was given for the base's first candidate. Without an address in it (`walks_on`) the client may
    /// go on to its next candidate.
    void replied(base::TimePoint now, const Name& base, bool walks_on);

    /// Whether a client may be on its way through the base's candidates.
    [[nodiscard]] bool may_be_walking(base::TimePoint now, const Name& base) const;

  private:
    struct Entry {
        Ruling ruling;
        base::TimePoint last_reply{};
        std::optional<base::TimePoint> last_walk;
        std::optional<base::TimePoint> change_due;  // since when a verdict waits that says otherwise
    };

    /// Of bytes, owned or not.
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
    };

    static std::string_view key_of(const Name& base) {
        const auto wire = base.wire();
        return {reinterpret_cast<const char*>(wire.data()), wire.size()};
    }
    Entry* find_or_add(base::TimePoint now, const Name& base);
    void make_room(base::TimePoint now);
    static bool is_needed(const Entry& entry, base::TimePoint now);
    static bool may_change(Entry& entry, base::TimePoint asked, const Ruling& ruling);

    const std::size_t max_names_;
    mutable std::mutex mutex_;
    absl::flat_hash_map<std::string, Entry, Hash, std::equal_to<>> entries_;
    base::TimePoint next_clearing_{};
    std::optional<base::TimePoint> last_refusal_;  // a name had no room: its walk may go unseen
};

}  // namespace fairlead::dns
