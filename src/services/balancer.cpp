#include "services/balancer.h"

#include <charconv>

#include "services/consistent_hash.h"
#include "services/layout.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

constexpr std::uint32_t kSplitFlag = 1U << 24U;
constexpr std::uint32_t kConsistentFlag = 1U << 26U;
constexpr std::uint32_t kResetsFlag = 1U << 27U;

constexpr std::string_view kPrefix = "balance-";
constexpr std::string_view kGuardedSuffix = "-guarded";
constexpr std::string_view kResetsSuffix = "-resetting";
constexpr std::string_view kSplitSuffix = "-split";
constexpr std::string_view kOutsideSuffix = "-outside";
constexpr std::string_view kConsistentSuffix = "-consistent";
constexpr std::string_view kStickySuffix = "-sticky-";

constexpr std::uint64_t kMillisecondsPerSecond = 1000;

/// Takes `suffix` off the front of `rest`.
bool take(std::string_view& rest, std::string_view suffix) {
    if (!rest.starts_with(suffix)) return false;
    rest.remove_prefix(suffix.size());
    return true;
}

/// Takes a positive number off the front of `rest`; 0 if there is none.
std::uint32_t take_number(std::string_view& rest) {
    std::uint32_t number = 0;
    if (rest.starts_with('0')) return 0;
    const auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (problem != std::errc{}) return 0;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    return number;
}

/// Makes the rules of one chain.
class RuleMaker {
  public:
    RuleMaker(Family family, const Balancer& balancer)
        : family_(family), balancer_(balancer), registers_(family), chain_(name_of(balancer)) {}

    std::vector<Rule> make() {
        if (balancer_.guarded) guard();
        if (balancer_.resets) reset_unknown();
        if (balancer_.splits_origins) add({jump(kOutsideChain)}, "connections from outside end there");
        if (is_sticky()) {
            return_to_known_endpoint();
            choose_and_remember();
        }
        add(load_frontend(family_) + placeholders() + pick(any_index()) + translate(),
            (is_sticky() ? "@affinity is full: one of @sticky_endpoints " : "one of them ") + how());
        // Each lookup sees the newest elements: an index may be gone that was there when its number was
        // drawn.
        if (balancer_.size > 1)
            add(load_frontend(family_) + placeholders() + pick({load_number(0, registers_.index)}) +
                    translate(),
                "the drawn one went away at this very moment");
        return std::move(rules_);
    }

  private:
    [[nodiscard]] bool is_sticky() const { return balancer_.affinity_timeout_s > 0; }

    void add(Expressions expressions, std::string comment) {
        rules_.push_back({chain_, std::move(expressions), std::move(comment)});
    }

    void guard() {
        add(load_frontend(family_) +
                Expressions{load_source(family_, registers_.result),
                            LookupSet{std::string(kAllowedSources), registers_.frontend, true}, Counter{},
                            Verdict{VerdictKind::kDrop, ""}},
            "loadBalancerSourceRanges");
    }

    /// A packet from the midst of a connection counts as new where its flow was deleted. To another endpoint
    /// it means nothing, and nobody may answer there.
    void reset_unknown() {
        constexpr std::uint8_t kFlagsOffset = 13;  // RFC 9293 section 3.1
        constexpr std::byte kSyn{2};
        const std::vector<std::byte> tcp = {std::byte{static_cast<std::uint8_t>(base::L4Protocol::kTcp)}};
        const Register scratch = registers_.source;
        add({LoadMeta{MetaKey::kL4Protocol, scratch}, Compare{scratch, CompareOp::kEqual, tcp},
             LoadPayload{PayloadBase::kTransportHeader, kFlagsOffset, 1, scratch},
             Bitwise{scratch, scratch, {kSyn}, {std::byte{0}}},
             Compare{scratch, CompareOp::kEqual, {std::byte{0}}}, go(kRefuseChain)},
            "no new connection: its endpoint was removed");
    }

    void return_to_known_endpoint() {
        add(load_client_and_frontend() + placeholders() +
                Expressions{LookupMap{std::string(kAffinity), registers_.source, registers_.port},
                            load_destination_port(registers_.port),
                            LookupSet{std::string(alive_of(balancer_.origin)), registers_.frontend, false},
                            update_affinity(SetUpdate::kUpdate)} +
                translate(),
            "a client in @affinity, while its endpoint lives: to that endpoint");
    }

    /// The packet path can add to a map and delete from it, but not change what an element says.
    void choose_and_remember() {
        add(load_client_and_frontend() + placeholders() + Expressions{update_affinity(SetUpdate::kDelete)} +
                pick(any_index()) +
                Expressions{load_source(family_, registers_.source), load_destination_port(registers_.port),
                            update_affinity(SetUpdate::kUpdate)} +
                translate(),
            "a new client, or one whose endpoint is gone: one of @sticky_endpoints " + how());
    }

    Expressions load_client_and_frontend() {
        return Expressions{load_source(family_, registers_.source)} + load_frontend(family_);
    }

    /// What lies where the endpoint of a sticky map is going to be; only for stock nft, which takes the
    /// second and third register of a looked-up value for what they held before, and needs them to hold
    /// something.
    Expressions placeholders() {
        if (!is_sticky()) return {};
        return {load_destination(family_, registers_.result), load_destination_port(registers_.result_port)};
    }

    Expression update_affinity(SetUpdate update) {
        const auto timeout_ms =
            update == SetUpdate::kDelete
                ? std::nullopt
                : std::optional<std::uint64_t>{balancer_.affinity_timeout_s * kMillisecondsPerSecond};
        return UpdateSet{update, std::string(kAffinity), registers_.source, registers_.port, timeout_ms};
    }

    [[nodiscard]] std::string how() const {
        return balancer_.consistent ? "by the client's address" : "at random";
    }

    /// The hash needs nothing but the client's address, which it may overwrite.
    Expressions any_index() {
        if (balancer_.consistent)
            return {
                load_source(family_, registers_.source),
                JenkinsHash{registers_.source, static_cast<std::uint8_t>(base::address_size_bytes(family_)),
                            balancer_.size, kClientSeed, 0, registers_.index}};
        if (balancer_.size == 1) return {load_number(0, registers_.index)};
        return {RandomNumber{balancer_.size, registers_.index}};
    }

    /// Expects the frontend in its registers; overwrites the last word of the client and, with a sticky map,
    /// the port.
    Expressions pick(Expressions index) {
        index.push_back(LookupMap{std::string(endpoints_of(balancer_.origin, is_sticky())), registers_.index,
                                  is_sticky() ? registers_.port : registers_.result});
        return index;
    }

    Expressions translate() { return {DestinationNat{registers_.result, registers_.result_port}}; }

    Family family_;
    const Balancer& balancer_;
    Registers registers_;
    std::string chain_;
    std::vector<Rule> rules_;
};

}  // namespace

std::optional<Balancer> balancer_of(const Backing& backing, Origin origin) {
    const auto* backends = backing.backends_for(origin);
    if (backends == nullptr || backends->empty()) return std::nullopt;
    Balancer balancer;
    balancer.consistent = backing.consistent;
    balancer.size = backing.consistent ? kSlotCount : static_cast<std::uint32_t>(backends->size());
    balancer.affinity_timeout_s = backing.affinity_timeout_s;
    balancer.origin = origin;
    // Who comes from outside has passed the balancer of the cluster's own, which guards and resets both.
    balancer.splits_origins = origin == Origin::kCluster && backing.outside_backends.has_value();
    balancer.guarded = origin == Origin::kCluster && !backing.allowed_sources.empty();
    balancer.resets = origin == Origin::kCluster && backing.resets;
    return balancer;
}

std::string name_of(const Balancer& balancer) {
    std::string name = std::string(kPrefix) + std::to_string(balancer.size);
    if (balancer.guarded) name += kGuardedSuffix;
    if (balancer.resets) name += kResetsSuffix;
    if (balancer.splits_origins) name += kSplitSuffix;
    if (balancer.origin == Origin::kOutside) name += kOutsideSuffix;
    if (balancer.consistent) name += kConsistentSuffix;
    if (balancer.affinity_timeout_s > 0)
        name += std::string(kStickySuffix) + std::to_string(balancer.affinity_timeout_s);
    return name;
}

std::optional<Balancer> parse_balancer(std::string_view chain) {
    Balancer balancer;
    if (!take(chain, kPrefix)) return std::nullopt;
    balancer.size = take_number(chain);
    balancer.guarded = take(chain, kGuardedSuffix);
    balancer.resets = take(chain, kResetsSuffix);
    balancer.splits_origins = take(chain, kSplitSuffix);
    if (take(chain, kOutsideSuffix)) balancer.origin = Origin::kOutside;
    balancer.consistent = take(chain, kConsistentSuffix);
    if (take(chain, kStickySuffix)) {
        balancer.affinity_timeout_s = take_number(chain);
        if (balancer.affinity_timeout_s == 0) return std::nullopt;
    }
    if (balancer.size == 0 || balancer.size > Balancer::kLargestSize || !chain.empty()) return std::nullopt;
    if (balancer.consistent && balancer.size != kSlotCount) return std::nullopt;
    return balancer;
}

BalancerKey key_of(const Balancer& balancer) {
    std::uint32_t flags = 0;
    if (balancer.splits_origins) flags |= kSplitFlag;
    if (balancer.guarded) flags |= kGuardedFlag;
    if (balancer.consistent) flags |= kConsistentFlag;
    if (balancer.resets) flags |= kResetsFlag;
    return {flags | balancer.size, balancer.affinity_timeout_s};
}

bool is_consistent(const BalancerKey& key) {
    return (key.size_and_flags & kConsistentFlag) != 0;
}

bool resets(const BalancerKey& key) {
    return (key.size_and_flags & kResetsFlag) != 0;
}

Chain balancer_chain(const Balancer& balancer) {
    return {name_of(balancer), std::nullopt,
            balancer.consistent ? "Services whose clients are sent by their address"
                                : "Services with so many endpoints"};
}

std::vector<Rule> balancer_rules(Family family, const Balancer& balancer, const KernelFeatures& features) {
    return adapted(RuleMaker{family, balancer}.make(), features);
}

}  // namespace fairlead::services
