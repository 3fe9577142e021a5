#include "services/connection_counts.h"

#include "services/layout.h"
#include "services/packet_fields.h"

namespace fairlead::services {

using namespace kernel::nftables;  // NOLINT(google-build-using-namespace): the vocabulary of this file
using base::Family;

namespace {

constexpr std::string_view kForwardedChain = "count-postrouting";
constexpr std::string_view kDeliveredChain = "count-input";

// The kernel runs the chains of a nat hook until one has decided on the source: before ours and everybody
// else's masquerading (NF_IP_PRI_NAT_SRC, 100).
constexpr std::int32_t kCountPriority = 90;

}  // namespace

Set connections_set(Family family) {
    const DataType address = family == Family::kIpv4 ? DataType::kIpv4Address : DataType::kIpv6Address;
    Set set;
    set.name = kConnections;
    set.key = {address, DataType::kInetProtocol, DataType::kInetService, address, DataType::kInetService};
    set.comment = "Service address . endpoint, counts new connections, written by the packets";
    set.dynamic = true;
    set.size = kLargestConnections;
    set.counts = true;
    return set;
}

std::vector<Chain> counting_chains() {
    return {{std::string(kForwardedChain), ChainHook{ChainType::kNat, Hook::kPostrouting, kCountPriority},
             "connections to endpoints elsewhere and to pods"},
            {std::string(kDeliveredChain), ChainHook{ChainType::kNat, Hook::kInput, kCountPriority},
             "connections to endpoints in this network namespace"}};
}

std::vector<Rule> counting_rules(Family family) {
    const Registers registers{family};
    const auto count =
        if_translated() + load_original_frontend(family) +
        Expressions{load_destination(family, registers.result), load_destination_port(registers.result_port),
                    UpdateSet{SetUpdate::kAdd, std::string(kConnections), registers.frontend, std::nullopt,
                              std::nullopt}};
    return {{std::string(kForwardedChain), count, "the first packet of a connection only"},
            {std::string(kDeliveredChain), count, "the first packet of a connection only"}};
}

void append_counting_to(Transaction& transaction, Family family) {
    transaction.add(AddSet{connections_set(family)});
    for (auto& chain : counting_chains())
        transaction.add(AddChain{std::move(chain)});
    for (auto& rule : counting_rules(family))
        transaction.add(AddRule{std::move(rule)});
}

void append_counting_removal_to(Transaction& transaction) {
    for (const auto& chain : counting_chains())
        transaction.add(DeleteChain{chain.name});
    transaction.add(DeleteSet{std::string(kConnections)});
}

}  // namespace fairlead::services
