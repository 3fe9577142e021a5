#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::conntrack {

// Files of /proc/sys/net/netfilter (Linux, Documentation/networking/nf_conntrack-sysctl.rst). Both are the
// machine's: the same in every network namespace, and changed in the initial one only.
inline constexpr std::string_view kMax = "nf_conntrack_max";          ///< entries, per namespace; 0: no limit
inline constexpr std::string_view kBuckets = "nf_conntrack_buckets";  ///< of the hash table of all namespaces

/// What `fairlead` does about the size of the table.
enum class Sizing : std::uint8_t {
    kAutomatic,  ///< as memory and the observed peak ask for, and at least what is configured
    kFixed,      ///< what is configured (kube-proxy's maxPerCore and min), and nothing otherwise
};

/// A value other than a size, that is written as it is.
struct ValueSetting {
    std::string name;                    ///< "nf_conntrack_udp_timeout"
    std::string field;                   ///< "conntrack.udpTimeout"
    std::optional<std::uint64_t> value;  ///< none: the kernel's stays
    /// Written only in place of this value, the kernel's default: any other one is somebody's choice.
    std::optional<std::uint64_t> only_instead_of = {};
};

struct SizingSettings {
    Sizing sizing = Sizing::kAutomatic;
    std::uint64_t max_per_core = 0;  ///< entries per CPU; 0: says nothing
    std::uint64_t min = 0;           ///< entries; 0: says nothing
    std::vector<ValueSetting> values;
};

/// What is known of the machine.
struct SizingFacts {
    std::optional<std::uint64_t> memory_bytes;  ///< MemTotal of proc(5)
    unsigned cpus = 1;
    bool initial_namespace = false;  ///< the sizes can be changed from here
    std::uint64_t peak = 0;          ///< most entries seen at once in this namespace
    /// By file: what it says, or why that is not known.
    std::map<std::string, base::Result<std::uint64_t>, std::less<>> now;
    /// By file: the size that we gave it. It stays wanted when what asked for it is gone.
    std::map<std::string, std::uint64_t, std::less<>> written;
    /// By file: why it is not written whatever is wanted.
    std::map<std::string, std::string, std::less<>> left_alone;
};

/// What a plan does about a value.
enum class PlannedAction : std::uint8_t {
    kKeep,   ///< it is as wanted, or nothing is wanted
    kWrite,  ///< it shall be written
    kBlock,  ///< it is not as wanted, and stays so
};

struct PlannedValue {
    std::string name;
    std::string field;  ///< the setting that decides about it
    std::optional<std::uint64_t> now;
    std::optional<std::uint64_t> wanted;  ///< none: nothing is wanted
    bool at_least = false;                ///< a larger one is as good; sizes only
    bool configured = false;              ///< by number; sizes that are automatic alone are not
    PlannedAction action = PlannedAction::kKeep;
    std::string why;  ///< in one line, for people
};

/// Whether the value `now` is what is wanted.
bool satisfies(const PlannedValue& planned, std::uint64_t now);

/// Whether `peak` entries are so many that a table for `max` shall grow: over three quarters.
bool crowded(std::uint64_t peak, std::uint64_t max);

/// What of the sizes and values is to change, and why: the two sizes first, then the values in their order.
/// Sizes only grow. The maximum is the largest of
/// - what is configured: maxPerCore x CPUs up to 1,048,576, or min (KubeProxyConntrackConfiguration);
/// - automatic: 1/64 of memory, up to 1,048,576 entries;
/// - automatic: double what it is, as often as the peak asks for it, within 1/16 of memory and 4,194,304.
/// The hash table gets a bucket for each entry of the maximum, so that chains of a full table average 2 (an
/// entry is hashed twice), up to 1,048,576; with Sizing::kFixed one for four entries, as kube-proxy has it.
std::vector<PlannedValue> plan_sizes(const SizingSettings& settings, const SizingFacts& facts);

}  // namespace fairlead::conntrack
