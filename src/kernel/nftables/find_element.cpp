#include <cerrno>

#include "kernel/netlink/retry.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/netlink_nft_tables.h"
#include "kernel/nftables/set_codec.h"

namespace fairlead::kernel::nftables {

using base::Result;

Result<std::vector<RawElement>> NetlinkNftTables::ask_for_element(const netlink::MessageBuilder& request) {
    std::vector<RawElement> found;
    const auto answered = netlink::retried([&] {
        found.clear();
        return socket_.converse(request.bytes(), [&](const netlink::Message& message) {
            for (auto& raw : decode_elements(message))
                found.push_back(std::move(raw));
        });
    });
    if (!answered && answered.error().code != base::ErrorCode::kNotFound)
        return std::unexpected(answered.error());
    return found;
}

Result<std::optional<FoundElement>> NetlinkNftTables::find_element(base::Family family,
                                                                   std::string_view table,
                                                                   std::string_view set,
                                                                   const ElementBytes& key) {
    const std::string what = "look up in set '" + std::string(set) + "'";
    // The kernel has one answer for an element that is missing and for a set that is.
    const auto state = netlink::retried([&] { return read_set(family, table, set); });
    if (!state) return base::fail_within(what, state.error());
    netlink::MessageBuilder request;
    encode_get_element(request, family, table, set, key, false);
    auto found = ask_for_element(request);
    const bool boundaries = state->set && state->set->interval && !has_concatenated_ranges(*state->set);
    if (found && !found->empty() && boundaries) {
        netlink::MessageBuilder end;
        encode_get_element(end, family, table, set, key, true);
        auto ends = ask_for_element(end);
        if (ends) found->insert(found->end(), ends->begin(), ends->end());
        found = ends ? Result<std::vector<RawElement>>{join_intervals(*std::move(found))} : std::move(ends);
    }
    if (!found) return base::fail_within(what, std::move(found).error());
    if (found->empty()) return std::optional<FoundElement>{};
    auto& raw = found->front();
    return FoundElement{std::move(raw.element), raw.counts, raw.timeout, raw.time_left};
}

}  // namespace fairlead::kernel::nftables
