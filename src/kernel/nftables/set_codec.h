#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/netlink/message.h"
#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// Its elements have a first and a last key (NFTA_SET_ELEM_KEY_END) instead of two elements for each range.
bool has_concatenated_ranges(const Set& set);

/// The attributes of an NFT_MSG_NEWSET (linux/netfilter/nf_tables.h). `id` is unique in the batch.
void encode_set(netlink::MessageBuilder& builder, std::string_view table, const Set& set, std::uint32_t id);

struct ElementForm {
    bool with_data = true;      ///< an element that is deleted goes by its key
    bool concatenated = false;  ///< has_concatenated_ranges of its set
};
/// Appends the NFTA_LIST_ELEM of an element; two for a range of one field.
void encode_element(netlink::MessageBuilder& builder, const Element& element, ElementForm form);

/// Appends an NFTA_LIST_ELEM with a key alone; `range_end`: that ends a range of one field.
void encode_key(netlink::MessageBuilder& builder, const ElementBytes& key, bool range_end);

}  // namespace fairlead::kernel::nftables
