#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/nftables/nft_tables.h"
#include "kernel/nftables/objects.h"

namespace fairlead::services {

/// What a kernel may lack without the rest of the table having to go. Everything else that rules are made of
/// (payload, meta, ct, cmp, bitwise, lookup, immediate, nat) is needed for the first connection.
enum class Feature : std::uint8_t {
    kRandomNumbers,     ///< `numgen`
    kHashes,            ///< `hash`
    kDynamicSets,       ///< `dynset`
    kMasquerade,        ///< `masq`
    kRandomSourcePort,  ///< `masq` with NF_NAT_RANGE_PROTO_RANDOM_FULLY
    kCounters,          ///< `counter`
    kReject,            ///< `reject`
    kFib,               ///< `fib`
};

/// The expression as the kernel and `nft` name it.
std::string_view name_of(Feature feature);

/// What the kernel of one family can do, as far as we know.
class KernelFeatures {
  public:
    [[nodiscard]] bool has(Feature feature) const { return !missing_.contains(feature); }
    /// `words`: what the kernel said.
    void lose(Feature feature, std::string words) { missing_[feature] = std::move(words); }
    [[nodiscard]] const std::map<Feature, std::string>& missing() const { return missing_; }

  private:
    std::map<Feature, std::string> missing_;
};

/// The rules with what this kernel can do in place of what it lacks:
/// - no random numbers: the client's port gives the index; without hashes too it is always the first;
/// - no reject: dropped. No counter: not counted. No random source port: as the kernel likes;
/// - no masquerade: rules that masquerade are left out;
/// - no fib: what came in through no interface is this node's.
std::vector<kernel::nftables::Rule> adapted(std::vector<kernel::nftables::Rule> rules,
                                            const KernelFeatures& features);

/// Of a transaction with rules that refers to nothing that may not be there: what is "not there" (a kind of
/// chain or expression that no module has) or not supported is the kernel's.
bool means_missing_support(const base::Error& error);

/// The same or "invalid", as a flag is that the kernel does not know. Rights, memory and time are none of it.
bool may_mean_missing_feature(const base::Error& error);

/// Asks the kernel for each feature, with a table of its own that is made and removed in one transaction: of
/// it there are events, and no more. Where the family has no tables at all nothing is missing: the error of
/// the family is what counts. Fails where the kernel could not be asked.
base::Result<KernelFeatures> probe_features(kernel::nftables::NftTables& tables, base::Family family);

/// Asks for those anew that were missing.
base::Result<KernelFeatures> probe_missing(kernel::nftables::NftTables& tables, base::Family family,
                                           const KernelFeatures& known);

}  // namespace fairlead::services
