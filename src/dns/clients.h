#pragma once

#include <absl/container/flat_hash_map.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "dns/search_context.h"
#include "dns/search_list.h"
#include "dns/snapshot.h"
#include "kube/store.h"

namespace fairlead::dns {

/// The annotation of Pods and Namespaces that says "on", "count" or "off"; a Pod's goes before its
/// Namespace's.
inline constexpr std::string_view kDnsSearchAnnotation = "fairlead.io/dns-search";

struct ClientSettings {
    std::string node_name;
    KubeletDns kubelet;  ///< its cluster_dns are the addresses that fairlead answers at
    CollapseMode default_mode = CollapseMode::kOn;
    /// What `kubelet.node` was before: Pods that are known from then keep their walks, and since they may
    /// have been started anew its domains count for all.
    std::vector<ResolverSettings> earlier_nodes{};
    /// Another one for each set of upstreams: what one of them says about a name need not be true of another.
    std::uint64_t forwarding_version = 0;
    bool pods_are_certain = true;  ///< otherwise no walk is collapsed, whatever was wished for

    friend bool operator==(const ClientSettings&, const ClientSettings&) = default;
};

/// Which pod an address belongs to, for the pods of this node that are known for certain: bound to this node,
/// in a network of their own, neither finished nor being deleted, and with an address that no other such pod
/// has. One thread writes, any number reads.
class ClientDirectory {
  public:
    using Context = std::shared_ptr<const SearchContext>;

    /// `reclaimer` outlives it.
    explicit ClientDirectory(SnapshotReclaimer& reclaimer);
    ClientDirectory(const ClientDirectory&) = delete;
    ClientDirectory& operator=(const ClientDirectory&) = delete;
    /// No reader may be left.
    ~ClientDirectory();

    /// Makes the directory what these objects say. Pods that are as they were keep their contexts' verdicts,
    /// but for those that were given with another forwarding version.
    void update(const ClientSettings& settings, const kube::Store<kube::Pod>& pods,
                const kube::Store<kube::Namespace>& namespaces);

    /// One sentence for each annotation of ours whose value is none, sorted. For the writer.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
    /// Of every pod that has one, in order of its key. For the writer.
    [[nodiscard]] std::vector<Context> contexts() const;

    /// For readers, until their next quiescent point; nullptr: nobody that is known for certain.
    [[nodiscard]] const SearchContext* find(const base::IpAddress& address) const {
        const auto* const clients = clients_.load(std::memory_order_seq_cst);
        const auto found = clients->find(address);
        return found == clients->end() ? nullptr : found->second.get();
    }

  private:
    using Clients = absl::flat_hash_map<base::IpAddress, Context>;
    class Builder;

    SnapshotReclaimer& reclaimer_;
    std::atomic<const Clients*> clients_;
    std::uint64_t last_pod_number_ = 0;
    std::uint64_t forwarding_version_ = 0;  // of the last update
    absl::flat_hash_map<std::string, Context> by_uid_;
    std::vector<std::string> problems_;
};

}  // namespace fairlead::dns
