#include "dns/clients.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/sort_unique.h"
#include "dns/verdict_table.h"

namespace fairlead::dns {

namespace {

/// A walk as a resolv.conf has it.
struct Walk {
    std::vector<Name> search;
    unsigned ndots = 1;
    std::string why_off;
};

std::string quoted(const std::string& text) {
    return "'" + text.substr(0, 80) + "'";
}

bool read_search(const ResolverSettings& settings, Walk& walk) {
    for (const auto& domain : settings.searches) {
        const auto name = Name::parse(domain);
        if (!name) {
            walk = {{}, walk.ndots, "search domain " + quoted(domain) + ": " + name.error().message};
            return false;
        }
        walk.search.push_back(name->lowered());
    }
    return true;
}

/// Empty, or what of its nameservers is not ours.
std::string foreign_nameserver(const ResolverSettings& settings, const std::vector<std::string>& ours) {
    const auto is_ours = [&](const std::string& nameserver) {
        const auto address = base::IpAddress::parse(nameserver);
        return address && std::ranges::any_of(ours, [&](const std::string& own) {
                   const auto parsed = base::IpAddress::parse(own);
                   return parsed && *parsed == *address;
               });
    };
    if (settings.nameservers.empty()) return "it has no nameserver";
    const auto foreign = std::ranges::find_if_not(settings.nameservers, is_ours);
    return foreign == settings.nameservers.end() ? "" : "its nameserver " + quoted(*foreign) + " is another";
}

Walk walk_of(const kube::Pod& pod, const KubeletDns& kubelet) {
    const auto settings = resolver_settings_of(pod, kubelet);
    if (!settings) return {{}, 1, "its dnsPolicy is not known here"};
    Walk walk;
    if (!read_search(*settings, walk)) return walk;
    const auto ndots = ndots_of(*settings);
    walk.ndots = ndots.value_or(1);
    const auto zone = Name::parse(kubelet.cluster_domain);
    walk.why_off = foreign_nameserver(*settings, kubelet.cluster_dns);
    if (walk.why_off.empty() && !ndots) walk.why_off = "its ndots is no number";
    if (walk.why_off.empty() && walk.search.empty()) walk.why_off = "it searches no domain";
    if (walk.why_off.empty() && !(zone && walk.search.front().is_within(*zone)))
        walk.why_off = "the first domain that it searches is not of the cluster";
    return walk;
}

bool has_network(const kube::Pod& pod) {
    return !pod.host_network && !pod.finished;
}

std::string identity_of(const kube::Pod& pod) {
    return pod.uid.empty() ? pod.key.to_string() : pod.uid;
}

bool is_same_walk(const SearchContext& a, const SearchContext& b) {
    return a.search == b.search && a.ndots == b.ndots;
}

bool is_same(const SearchContext& a, const SearchContext& b) {
    return is_same_walk(a, b) && a.checked == b.checked && a.pod == b.pod && a.mode == b.mode &&
           a.why_off == b.why_off;
}

}  // namespace

/// One update.
class ClientDirectory::Builder {
  public:
    Builder(ClientDirectory& directory, const ClientSettings& settings,
            const kube::Store<kube::Namespace>& namespaces)
        : directory_(directory),
          settings_(settings),
          namespaces_(namespaces),
          forwards_anew_(directory.forwarding_version_ != settings.forwarding_version) {}

    void add(const std::shared_ptr<const kube::Pod>& pod) {
        if (pod->node_name != settings_.node_name || !has_network(*pod)) return;
        auto walk = walk_of(*pod, settings_.kubelet);
        check_domains_of(walk);
        for (const auto& node : settings_.earlier_nodes) {
            auto earlier =
                walk_of(*pod, {settings_.kubelet.cluster_domain, settings_.kubelet.cluster_dns, node});
            check_domains_of(earlier);
            if (has_walk(*pod, earlier)) walk = std::move(earlier);
        }
        for (const auto& address : pod->pod_ips)
            ++holders_[address];
        pods_.push_back({pod, std::move(walk)});
    }

    std::unique_ptr<Clients> finish() {
        auto clients = std::make_unique<Clients>();
        // In one order, so that what each has to check does not depend on the store's.
        std::ranges::sort(pods_, {}, [](const Entry& entry) { return entry.pod->key; });
        for (auto& [pod, walk] : pods_) {
            auto context = context_of(*pod, std::move(walk));
            by_uid_[identity_of(*pod)] = context;
            if (pod->terminating) continue;
            for (const auto& address : pod->pod_ips)
                if (holders_[address] == 1) clients->emplace(address, context);
        }
        directory_.by_uid_ = std::move(by_uid_);
        base::sort_unique(problems_);
        directory_.problems_ = std::move(problems_);
        return clients;
    }

  private:
    struct Entry {
        std::shared_ptr<const kube::Pod> pod;
        Walk walk;
    };

    /// Whether it is the pod's so far. kubelet has written it when the pod was started.
    [[nodiscard]] bool has_walk(const kube::Pod& pod, const Walk& walk) const {
        const auto known = directory_.by_uid_.find(identity_of(pod));
        return known != directory_.by_uid_.end() && known->second->search == walk.search &&
               known->second->ndots == walk.ndots;
    }

    void check_domains_of(const Walk& walk) {
        if (walk.search.empty()) return;
        auto& checked = checked_[walk.search.front()];
        for (const auto& domain : walk.search)
            if (std::ranges::find(checked, domain) == checked.end()) checked.push_back(domain);
    }

    Context context_of(const kube::Pod& pod, Walk walk) {
        SearchContext context;
        context.pod = pod.key;
        context.pod_uid = pod.uid;
        context.search = std::move(walk.search);
        if (!context.search.empty()) context.checked = checked_of(context.search);
        context.ndots = walk.ndots;
        context.mode = mode_of(pod);
        if (!walk.why_off.empty() || !settings_.pods_are_certain) context.mode = CollapseMode::kOff;
        context.why_off = std::move(walk.why_off);
        const auto known = directory_.by_uid_.find(identity_of(pod));
        Context before = known == directory_.by_uid_.end() ? nullptr : known->second;
        if (before && !forwards_anew_ && is_same(*before, context)) return before;
        context.pod_number = before ? before->pod_number : ++directory_.last_pod_number_;
        if (before && is_same_walk(*before, context)) {
            context.verdicts = before->verdicts;
            const bool holds = !forwards_anew_ && before->checked == context.checked;
            context.checked_version = before->checked_version + (holds ? 0 : 1);
        } else {
            context.verdicts = std::make_shared<VerdictTable>();
        }
        return std::make_shared<const SearchContext>(std::move(context));
    }

    std::vector<Name> checked_of(const std::vector<Name>& search) {
        auto checked = search;
        for (const auto& domain : checked_.at(search.front()))
            if (std::ranges::find(search, domain) == search.end()) checked.push_back(domain);
        // Theirs in one order: a walk is the same whoever else comes first.
        std::sort(checked.begin() + static_cast<std::ptrdiff_t>(search.size()), checked.end());
        return checked;
    }

    CollapseMode mode_of(const kube::Pod& pod) {
        const auto of_pod = wish_of("Pod", pod);
        const auto space = namespaces_.find({"", pod.key.namespace_name});
        const auto of_space = space ? wish_of("Namespace", *space) : std::nullopt;
        return of_pod.value_or(of_space.value_or(settings_.default_mode));
    }

    template <class Object>
    std::optional<CollapseMode> wish_of(const char* kind, const Object& object) {
        const auto found = object.annotations->find(kDnsSearchAnnotation);
        if (found == object.annotations->end()) return std::nullopt;
        const auto mode = parse_collapse_mode(found->second);
        if (mode) return *mode;
        problems_.push_back("annotation " + std::string(kDnsSearchAnnotation) + " of " + kind + " " +
                            object.key.to_string() + ": " + mode.error().message);
        return std::nullopt;
    }

    ClientDirectory& directory_;
    const ClientSettings& settings_;
    const kube::Store<kube::Namespace>& namespaces_;
    const bool forwards_anew_;
    std::vector<Entry> pods_;
    std::map<Name, std::vector<Name>> checked_;  // by the first domain: all that are searched after it
    absl::flat_hash_map<base::IpAddress, unsigned> holders_;
    absl::flat_hash_map<std::string, Context> by_uid_;
    std::vector<std::string> problems_;
};

ClientDirectory::ClientDirectory(SnapshotReclaimer& reclaimer)
    : reclaimer_(reclaimer), clients_(std::make_unique<Clients>().release()) {}

ClientDirectory::~ClientDirectory() {
    const std::unique_ptr<const Clients> owned{clients_.load()};
}

void ClientDirectory::update(const ClientSettings& settings, const kube::Store<kube::Pod>& pods,
                             const kube::Store<kube::Namespace>& namespaces) {
    Builder builder{*this, settings, namespaces};
    pods.for_each([&](const auto& pod) { builder.add(pod); });
    const auto* const before = clients_.exchange(builder.finish().release(), std::memory_order_seq_cst);
    forwarding_version_ = settings.forwarding_version;
    reclaimer_.retire(std::unique_ptr<const Clients>(before));
    reclaimer_.reclaim();
}

std::vector<ClientDirectory::Context> ClientDirectory::contexts() const {
    std::vector<Context> contexts;
    for (const auto& [uid, context] : by_uid_)
        contexts.push_back(context);
    std::ranges::sort(contexts, {}, [](const Context& context) { return context->pod; });
    return contexts;
}

}  // namespace fairlead::dns
