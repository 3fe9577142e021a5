#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"
#include "dns/name.h"
#include "dns/protocol.h"
#include "dns/query.h"
#include "dns/reply_writer.h"
#include "dns/snapshot.h"
#include "dns/zone_options.h"
#include "dns/zone_tables.h"
#include "dns/zone_writer.h"
#include "kube/store.h"

namespace fairlead::dns {

enum class ZoneOutcome : std::uint8_t {
    kAnswered,  ///< the records are in the writer: finish it with `code`, authoritative
    kOutside,   ///< not in our zones, or the reverse name of an address that is not known: ask upstream
    kFollow,    ///< the CNAME records are in the writer; the last of them leads out of the zone: ask upstream
    kServFail,  ///< not known yet, or a chain of CNAMEs that does not end; the writer has no records
};

struct ZoneAnswer {
    ZoneOutcome outcome = ZoneOutcome::kOutside;
    ResponseCode code = ResponseCode::kNoError;  ///< of kAnswered
};

enum class NameState : std::uint8_t {
    kExists,   ///< there is a record of some type at the name, or a name below it
    kMissing,  ///< there is none, for all types
    kOutside,  ///< not ours to say
    kUnknown,  ///< not all objects are known yet
};

/// The zone of the cluster: what its Services, EndpointSlices and Namespaces mean by the Kubernetes DNS
/// specification 1.1.0. See docs/dns.md for what goes beyond it.
///
/// One thread writes. Any number of threads read without locks and memory of their own, each with a
/// ReaderGate at reclaimer(); what they are told is true of the objects of the last apply().
class ClusterZone {
  public:
    /// `options` are such that check() has nothing against them.
    explicit ClusterZone(ZoneOptions options) : tables_(std::move(options)), writer_(tables_) {}

    // For the writer.

    /// Takes in what changed in `stores`, which hold what is after the change. Its cost is that of the
    /// Services that are touched. `now` becomes the zone's serial.
    void apply(const kube::ChangeSet& changes, const kube::Stores& stores, base::WallTime now) {
        writer_.apply(changes, stores, now);
    }
    /// All objects but Pods' addresses were there once: what is missing from now on does not exist.
    void set_synced() { tables_.synced.store(true, std::memory_order_release); }
    /// The same of Pods' addresses, for PodNames::kVerified.
    void set_pods_synced() { tables_.pods_synced.store(true, std::memory_order_release); }

    [[nodiscard]] SnapshotReclaimer& reclaimer() { return tables_.reclaimer; }

    // For readers.

    /// Writes the answer to a query of class IN. Addresses and targets stand in an order that `draw` chooses.
    /// `follow_target` is set for kFollow.
    ZoneAnswer answer(const Query& query, ReplyWriter& writer, std::uint64_t draw, Name* follow_target) const;
    /// Whether `name` (in lower case) exists, whatever the type.
    [[nodiscard]] NameState state_of(const Name& name) const;

  private:
    ZoneTables tables_;
    ZoneWriter writer_;
};

}  // namespace fairlead::dns
