#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "kernel/nftables/expression_codec.h"
#include "kernel/nftables/message_codec.h"
#include "kernel/nftables/set_codec.h"
#include "kernel/nftables/user_data.h"
#include "kernel/nftables/wire.h"

namespace fairlead::kernel::nftables {

namespace {

using netlink::MessageBuilder;

// A list of elements is one attribute of at most 64 KiB. The largest element has a verdict with a chain's
// name of 255 bytes, a key of 64 bytes and the one that ends its range: under 512 bytes with all headers.
constexpr std::size_t kLargestElementBytes = 512;
// An endpoint of IPv4 has 44 bytes, one of IPv6 80.
constexpr std::size_t kUsualElementBytes = 80;
constexpr std::size_t kElementListBytes = 65'535 - kLargestElementBytes;

/// nfgenmsg: family, version, resource id in network order.
std::array<std::byte, 4> generic_header(std::uint8_t family, std::uint16_t resource) {
    return {std::byte{family}, std::byte{NFNETLINK_V0}, static_cast<std::byte>(resource >> 8U),
            static_cast<std::byte>(resource)};
}

void put_comment(MessageBuilder& builder, std::uint16_t attribute, const std::string& comment) {
    if (comment.empty()) return;
    UserData data;
    data.put_text(kCommentOfTableChainOrRule, comment);
    builder.put(attribute, data.bytes());
}

const char* name_of(ChainType type) {
    switch (type) {
        case ChainType::kFilter:
            return "filter";
        case ChainType::kNat:
            return "nat";
        case ChainType::kRoute:
            return "route";
    }
    return "filter";
}

class BatchEncoder {
  public:
    BatchEncoder(const Transaction& transaction, SetNames concatenated)
        : table_(transaction.table()), concatenated_(std::move(concatenated)) {
        out().reserve(transaction.element_count() * kUsualElementBytes);
        frame(NFNL_MSG_BATCH_BEGIN);
        const auto operations = transaction.operations();
        for (const auto& operation : operations) {
            current_ = &operation;
            std::visit(*this, operation);
        }
        current_ = nullptr;
        if (!operations.empty()) acknowledge_last();
        frame(NFNL_MSG_BATCH_END);
    }

    Batch take() { return std::move(batch_); }

    void operator()(const AddTable&) {
        begin(NFT_MSG_NEWTABLE, NLM_F_CREATE);
        out().put_string(NFTA_TABLE_NAME, table_.name);
        if (table_.owned) out().put_be32(NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
        put_comment(out(), NFTA_TABLE_USERDATA, table_.comment);
        end();
    }

    /// Added first, so that deleting never fails: older kernels have no NFT_MSG_DESTROYTABLE.
    void operator()(const DestroyTable&) {
        begin(NFT_MSG_NEWTABLE, NLM_F_CREATE);
        out().put_string(NFTA_TABLE_NAME, table_.name);
        end();
        begin(NFT_MSG_DELTABLE, 0);
        out().put_string(NFTA_TABLE_NAME, table_.name);
        end();
    }

    void operator()(const AddChain& add) {
        begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
        out().put_string(NFTA_CHAIN_TABLE, table_.name);
        out().put_string(NFTA_CHAIN_NAME, add.chain.name);
        if (add.chain.hook) put_hook(*add.chain.hook);
        put_comment(out(), NFTA_CHAIN_USERDATA, add.chain.comment);
        end();
    }

    void operator()(const DeleteChain& remove) {
        (*this)(FlushChain{remove.name});
        begin(NFT_MSG_DELCHAIN, 0);
        out().put_string(NFTA_CHAIN_TABLE, table_.name);
        out().put_string(NFTA_CHAIN_NAME, remove.name);
        end();
    }

    void operator()(const AddRule& add) {
        begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
        out().put_string(NFTA_RULE_TABLE, table_.name);
        out().put_string(NFTA_RULE_CHAIN, add.rule.chain);
        const auto list = out().begin_nested(NFTA_RULE_EXPRESSIONS);
        for (const auto& expression : add.rule.expressions)
            encode_expression(out(), table_.family, expression);
        out().end_nested(list);
        put_comment(out(), NFTA_RULE_USERDATA, add.rule.comment);
        end();
    }

    void operator()(const FlushChain& flush) {
        begin(NFT_MSG_DELRULE, 0);
        out().put_string(NFTA_RULE_TABLE, table_.name);
        out().put_string(NFTA_RULE_CHAIN, flush.name);
        end();
    }

    void operator()(const AddSet& add) {
        begin(NFT_MSG_NEWSET, NLM_F_CREATE);
        encode_set(out(), table_.name, add.set, ++set_id_);
        end();
        concatenated_.erase(add.set.name);
        if (has_concatenated_ranges(add.set)) concatenated_.insert(add.set.name);
    }

    void operator()(const DeleteSet& remove) {
        begin(NFT_MSG_DELSET, 0);
        out().put_string(NFTA_SET_TABLE, table_.name);
        out().put_string(NFTA_SET_NAME, remove.name);
        end();
        concatenated_.erase(remove.name);
    }

    void operator()(const FlushSet& flush) {
        begin(NFT_MSG_DELSETELEM, 0);
        out().put_string(NFTA_SET_ELEM_LIST_TABLE, table_.name);
        out().put_string(NFTA_SET_ELEM_LIST_SET, flush.name);
        end();
    }

    void operator()(const AddElements& add) {
        put_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, add.set, add.elements);
    }
    void operator()(const DeleteElements& remove) {
        put_elements(NFT_MSG_DELSETELEM, 0, remove.set, remove.elements);
    }

  private:
    MessageBuilder& out() { return batch_.messages; }

    void frame(int type) {
        batch_.entries.push_back({0, out().size_bytes(), nullptr, 0});
        out().begin_message(static_cast<std::uint16_t>(type), NLM_F_REQUEST, 0,
                            generic_header(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
        out().end_message();
    }

    void begin(int nft_message, int flags) {
        batch_.entries.push_back({0, out().size_bytes(), current_, 0});
        out().begin_message(message_type(nft_message), static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 0,
                            generic_header(protocol_family(table_.family), 0));
    }

    void end() { out().end_message(); }

    void acknowledge_last() { out().add_flags(batch_.entries.back().offset_bytes, NLM_F_ACK); }

    void put_hook(const ChainHook& hook) {
        const auto nested = out().begin_nested(NFTA_CHAIN_HOOK);
        out().put_be32(NFTA_HOOK_HOOKNUM, static_cast<std::uint32_t>(hook.hook));
        out().put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(hook.priority));
        out().end_nested(nested);
        out().put_string(NFTA_CHAIN_TYPE, name_of(hook.type));
    }

    void put_elements(int nft_message, int flags, const std::string& set,
                      const std::vector<Element>& elements) {
        const ElementForm form{std::holds_alternative<AddElements>(*current_), concatenated_.contains(set)};
        std::size_t next = 0;
        while (next < elements.size()) {
            begin(nft_message, flags);
            batch_.entries.back().first_element = next;
            out().put_string(NFTA_SET_ELEM_LIST_TABLE, table_.name);
            out().put_string(NFTA_SET_ELEM_LIST_SET, set);
            const std::size_t list = out().begin_nested(NFTA_SET_ELEM_LIST_ELEMENTS);
            for (; next < elements.size() && out().size_bytes() - list < kElementListBytes; ++next)
                encode_element(out(), elements[next], form);
            out().end_nested(list);
            end();
        }
    }

    const Table& table_;
    SetNames concatenated_;
    std::uint32_t set_id_ = 0;
    const Operation* current_ = nullptr;
    Batch batch_;
};

void begin_request(MessageBuilder& builder, int nft_message, int flags, std::uint8_t family) {
    builder.begin_message(message_type(nft_message), static_cast<std::uint16_t>(NLM_F_REQUEST | flags), 0,
                          generic_header(family, 0));
}

}  // namespace

Batch encode_batch(const Transaction& transaction, SetNames concatenated) {
    FAIRLEAD_ASSERT(!transaction.empty());
    return BatchEncoder{transaction, std::move(concatenated)}.take();
}

SetNames sets_with_ranges(const Transaction& transaction) {
    SetNames names;
    SetNames added;
    for (const auto& operation : transaction.operations()) {
        const auto note = [&](const auto& change) {
            const bool ranges = !change.elements.empty() && !change.elements.front().key_end.empty();
            if (ranges && !added.contains(change.set)) names.insert(change.set);
        };
        if (const auto* add = std::get_if<AddSet>(&operation)) added.insert(add->set.name);
        if (const auto* add = std::get_if<AddElements>(&operation)) note(*add);
        if (const auto* remove = std::get_if<DeleteElements>(&operation)) note(*remove);
    }
    return names;
}

Batch encode_empty_batch() {
    return BatchEncoder{Transaction{Table{}}, {}}.take();
}

void number_batch(Batch& batch, std::uint32_t first_sequence) {
    for (auto& entry : batch.entries) {
        entry.sequence = first_sequence++;
        batch.messages.set_sequence(entry.offset_bytes, entry.sequence);
    }
}

std::optional<std::size_t> element_at(const Batch& batch, const BatchEntry& entry, std::size_t offset_bytes) {
    const auto bytes = batch.messages.bytes().subspan(entry.offset_bytes);
    const auto message = netlink::Messages{bytes}.next();
    FAIRLEAD_ASSERT(message);
    auto list = message->attributes(sizeof(nfgenmsg)).nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    std::optional<std::size_t> found;
    for (std::size_t index = entry.first_element; const auto item = list.next();) {
        const auto item_offset =
            static_cast<std::size_t>(item->payload.data() - bytes.data()) - sizeof(nlattr);
        if (item_offset > offset_bytes) return found;
        // The end of a range is an item of its own that belongs to the element before it.
        const netlink::Attributes parts{item->payload};
        if (parts.be32(NFTA_SET_ELEM_FLAGS).value_or(0) != NFT_SET_ELEM_INTERVAL_END) found = index++;
    }
    return found;
}

void encode_get_table(MessageBuilder& builder, base::Family family, std::string_view table) {
    begin_request(builder, NFT_MSG_GETTABLE, NLM_F_ACK, protocol_family(family));
    builder.put_string(NFTA_TABLE_NAME, table);
    builder.end_message();
}

void encode_dump_chains(MessageBuilder& builder, base::Family family) {
    begin_request(builder, NFT_MSG_GETCHAIN, NLM_F_DUMP, protocol_family(family));
    builder.end_message();
}

void encode_dump_rules(MessageBuilder& builder, base::Family family, std::string_view table,
                       std::string_view chain) {
    begin_request(builder, NFT_MSG_GETRULE, NLM_F_DUMP, protocol_family(family));
    builder.put_string(NFTA_RULE_TABLE, table);
    if (!chain.empty()) builder.put_string(NFTA_RULE_CHAIN, chain);
    builder.end_message();
}

void encode_dump_sets(MessageBuilder& builder, base::Family family, std::string_view table) {
    begin_request(builder, NFT_MSG_GETSET, NLM_F_DUMP, protocol_family(family));
    builder.put_string(NFTA_SET_TABLE, table);
    builder.end_message();
}

void encode_get_set(MessageBuilder& builder, base::Family family, std::string_view table,
                    std::string_view set) {
    begin_request(builder, NFT_MSG_GETSET, NLM_F_ACK, protocol_family(family));
    builder.put_string(NFTA_SET_TABLE, table);
    builder.put_string(NFTA_SET_NAME, set);
    builder.end_message();
}

void encode_dump_elements(MessageBuilder& builder, base::Family family, std::string_view table,
                          std::string_view set) {
    begin_request(builder, NFT_MSG_GETSETELEM, NLM_F_DUMP, protocol_family(family));
    builder.put_string(NFTA_SET_ELEM_LIST_TABLE, table);
    builder.put_string(NFTA_SET_ELEM_LIST_SET, set);
    builder.end_message();
}

void encode_get_element(MessageBuilder& builder, base::Family family, std::string_view table,
                        std::string_view set, const ElementBytes& key, bool range_end) {
    begin_request(builder, NFT_MSG_GETSETELEM, NLM_F_ACK, protocol_family(family));
    builder.put_string(NFTA_SET_ELEM_LIST_TABLE, table);
    builder.put_string(NFTA_SET_ELEM_LIST_SET, set);
    const auto list = builder.begin_nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    encode_key(builder, key, range_end);
    builder.end_nested(list);
    builder.end_message();
}

void encode_get_elements(MessageBuilder& builder, base::Family family, std::string_view table,
                         std::string_view set, std::span<const ElementBytes> keys) {
    begin_request(builder, NFT_MSG_GETSETELEM, NLM_F_ACK, protocol_family(family));
    builder.put_string(NFTA_SET_ELEM_LIST_TABLE, table);
    builder.put_string(NFTA_SET_ELEM_LIST_SET, set);
    const auto list = builder.begin_nested(NFTA_SET_ELEM_LIST_ELEMENTS);
    for (const auto& key : keys)
        encode_key(builder, key, false);
    builder.end_nested(list);
    builder.end_message();
}

void encode_get_generation(MessageBuilder& builder) {
    begin_request(builder, NFT_MSG_GETGEN, NLM_F_ACK, AF_UNSPEC);
    builder.end_message();
}

}  // namespace fairlead::kernel::nftables
