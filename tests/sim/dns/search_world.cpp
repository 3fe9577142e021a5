#include "search_world.h"

#include <algorithm>

#include "support/collapse_fixture.h"

namespace fairlead::test {

using namespace dns;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> kExtraDomains = {"lab.example", "bank.svc.cluster.local", "example.com"};
constexpr std::size_t kWorldAddresses = 5;
/// Longer than anything that was found out may be used.
constexpr auto kForgotten = 70s;

}  // namespace

/// A worker's engine: what it looks up comes at once or when the world says so.
class SearchWorld::Lookups final : public CollapseLookups {
  public:
    explicit Lookups(SearchWorld& world) : world_(world) {}

    [[nodiscard]] NameState state_of(const Name& name) const override {
        if (!name.is_within(dns_name("cluster.local"))) return NameState::kOutside;
        return world_.content_.exists_in_zone(name) ? NameState::kExists : NameState::kMissing;
    }
    [[nodiscard]] Record negative_soa() const override { return DnsContent::soa(); }
    std::optional<LookupResult> look_up(std::uint64_t ticket, const Name& name, RecordType type) override {
        auto result = world_.content_.true_result(name, type);
        if (result.body != nullptr && world_.random.below(2) == 0) return result;
        waiting.push_back({ticket, std::move(result)});
        return std::nullopt;
    }

    struct Waiting {
        std::uint64_t ticket = 0;
        LookupResult result;
    };
    std::vector<Waiting> waiting;

  private:
    SearchWorld& world_;
};

SearchWorld::SearchWorld(std::uint64_t seed) : random(seed) {
    settings_ = {"n1",
                 {"cluster.local", {"10.96.0.10"}, {{"192.0.2.53"}, {"corp.example", "com"}, {}}},
                 CollapseMode::kOn};
    for (int i = 0; i < 2; ++i)
        workers_.push_back({std::make_unique<Collapser>(now_), std::make_unique<Lookups>(*this)});
    for (int i = 0; i < 4; ++i)
        add_pod();
    for (int i = 0; i < 30; ++i) {
        content_.change_zone();
        content_.change_upstream();
    }
}

SearchWorld::~SearchWorld() = default;

void SearchWorld::change() {
    tick(std::chrono::milliseconds(random.below(3000)));
    switch (random.below(8)) {
        case 0:
            return add_pod();
        case 1:
            if (!pods_.empty()) give_network(*pods_[random.below(pods_.size())]);
            return;
        case 2: {
            if (pods_.size() < 3) return;
            const auto which = pods_.begin() + static_cast<std::ptrdiff_t>(random.below(pods_.size()));
            end_pod(**which);
            pods_.erase(which);
            return;
        }
        case 3:
            return content_.change_zone();
        case 4:
            content_.change_upstream();
            return tick(kForgotten);
        default:
            return hear(random.below(news_.size() + 1));
    }
}

void SearchWorld::add_pod() {
    if (pods_.size() > 6) return;
    auto living = std::make_unique<Living>();
    auto& pod = living->pod;
    ++last_pod_;
    pod.key = {content_.any_of(kNamespaces), "p" + std::to_string(last_pod_)};
    pod.uid = std::to_string(last_pod_);
    pod.node_name = "n1";
    pod.host_network = random.below(6) == 0;
    if (random.below(8) == 0) pod.dns_policy = kube::DnsPolicy::kDefault;
    if (pod.host_network && random.below(2) == 0) pod.dns_policy = kube::DnsPolicy::kClusterFirstWithHostNet;
    if (random.below(3) == 0) pod.dns_config.edit().searches.push_back(content_.any_of(kExtraDomains));
    if (random.below(3) == 0)
        pod.dns_config.edit().options.push_back({"ndots", std::to_string(random.below(7))});
    if (random.below(6) == 0)
        pod.annotations.edit().emplace(kDnsSearchAnnotation, content_.any_of({"on", "count", "off"}));
    tell(pod);
    if (random.below(4) != 0) give_network(*living);
    pods_.push_back(std::move(living));
}

std::optional<base::IpAddress> SearchWorld::free_address() {
    for (std::size_t tries = 0; tries < 2 * kWorldAddresses; ++tries) {
        const auto address =
            base::IpAddress::parse("10.64.0." + std::to_string(1 + random.below(kWorldAddresses))).value();
        const auto is_taken = [&](const auto& living) {
            return living->has_network && !living->pod.host_network && living->pod.pod_ips.front() == address;
        };
        if (std::ranges::none_of(pods_, is_taken)) return address;
    }
    return std::nullopt;
}

/// The pod's first network, or another one after its sandbox was made anew; the watch tells of it later.
void SearchWorld::give_network(Living& living) {
    const auto created = [&](const News& news) { return news.pod.uid == living.pod.uid; };
    if (!living.has_network)
        hear(static_cast<std::size_t>(std::ranges::find_if(news_, created) - news_.begin()) + 1);
    living.has_network = false;
    auto address = free_address();
    if (living.pod.host_network) address = base::IpAddress::parse("192.0.2.1").value();
    if (!address) return;
    living.pod.pod_ips = {*address};
    living.has_network = true;
    tell(living.pod);
}

void SearchWorld::end_pod(Living& living) {
    if (random.below(2) == 0) {
        living.pod.terminating = true;
        tell(living.pod);
    }
    news_.push_back({living.pod, true});
}

void SearchWorld::tell(kube::Pod pod) {
    news_.push_back({std::move(pod), false});
}

void SearchWorld::hear(std::size_t news) {
    for (; news > 0 && !news_.empty(); --news) {
        if (news_.front().gone)
            heard_.remove(news_.front().pod.key);
        else
            heard_.put(std::move(news_.front().pod));
        news_.pop_front();
    }
    directory_.update(settings_, heard_, namespaces_);
}

std::optional<SearchWorld::Client> SearchWorld::any_client() {
    std::vector<const Living*> able;
    for (const auto& living : pods_)
        if (living->has_network) able.push_back(living.get());
    if (able.empty()) return std::nullopt;
    const auto& pod = able[random.below(able.size())]->pod;
    return Client{pod, pod.pod_ips.front()};
}

ResolverSettings SearchWorld::resolver_of(const kube::Pod& pod) const {
    return resolver_settings_of(pod, settings_.kubelet).value();
}

std::vector<StubReply> SearchWorld::ask_plainly(const Name& name, const std::vector<RecordType>& types) {
    std::vector<StubReply> replies;
    for (const auto type : types)
        replies.push_back(reply_of(name, content_.true_result(name, type), type));
    plain_queries += types.size();
    return replies;
}

std::vector<StubReply> SearchWorld::ask_workers(const Client& client, const Name& name,
                                                const std::vector<RecordType>& types) {
    tick(std::chrono::milliseconds(random.below(3)));
    worker_queries += types.size();
    const auto* const context = directory_.find(client.address);
    std::vector<CollapseAnswer> answers(types.size());
    std::vector<Worker*> asked(types.size());
    // Both go out before any result comes, as a resolver sends them, to whatever workers.
    for (std::size_t i = 0; context != nullptr && i < types.size(); ++i) {
        asked[i] = &workers_[random.below(workers_.size())];
        const auto held = dns_query(name.to_string(), types[i]);
        answers[i] =
            asked[i]->collapser->decide(now_, *context, held->query, kDefaultUdpPayload, *asked[i]->lookups);
    }
    for (auto& [collapser, lookups] : workers_) {
        while (!lookups->waiting.empty()) {
            const auto which =
                lookups->waiting.begin() + static_cast<std::ptrdiff_t>(random.below(lookups->waiting.size()));
            const auto next = *which;
            lookups->waiting.erase(which);
            tick(1ms);
            if (next.result.body == nullptr) tick(1s);
            collapser->advance(now_);
            collapser->resolved(now_, next.ticket, next.result, *lookups);
        }
    }
    std::map<std::pair<Worker*, std::uint64_t>, Ruling> rulings;
    for (auto& worker : workers_)
        for (auto& finished : worker.collapser->take_finished())
            rulings[{&worker, finished.inquiry}] = std::move(finished.ruling);
    std::vector<StubReply> replies;
    for (std::size_t i = 0; i < types.size(); ++i) {
        auto answer = answers[i];
        if (answer.kind == CollapseAnswer::Kind::kPending) {
            const auto held = dns_query(name.to_string(), types[i]);
            answer = Collapser::answer(now_, *context, held->query, kDefaultUdpPayload,
                                       rulings.at({asked[i], answer.inquiry}));
        }
        const bool is_collapsed = answer.kind == CollapseAnswer::Kind::kCollapsed;
        collapsed += is_collapsed ? 1 : 0;
        replies.push_back(reply_of(
            name,
            is_collapsed ? LookupResult{answer.body, answer.age_s} : content_.true_result(name, types[i]),
            types[i]));
    }
    return replies;
}

}  // namespace fairlead::test
