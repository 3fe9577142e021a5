#include "kernel/nftables/rule_counts.h"

#include <linux/netlink.h>

#include "kernel/nftables/message_codec.h"

namespace fairlead::kernel::nftables {

using base::Result;

Result<RuleCounts> RuleCounts::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    return RuleCounts{std::move(socket)};
}

Result<std::optional<Counts>> RuleCounts::of_chain(base::Family family, std::string_view table,
                                                   std::string_view chain) {
    netlink::MessageBuilder request;
    encode_dump_rules(request, family, table, chain);
    std::optional<Counts> sum;
    // What others change meanwhile does not matter: a counter is whole wherever the dump finds it.
    FAIRLEAD_CHECK(socket_.dump(request.bytes(), [&](const netlink::Message& message) {
        const auto counts = decode_rule_counts(message, table, chain);
        if (!counts) return;
        if (!sum) sum.emplace();
        sum->packets += counts->packets;
        sum->bytes += counts->bytes;
    }));
    return sum;
}

}  // namespace fairlead::kernel::nftables
