#include <cstddef>
#include <cstdint>
#include <iterator>

#include "base/assert.h"
#include "kernel/nftables/check.h"
#include "kernel/nftables/message_codec.h"

namespace {

using namespace fairlead::kernel;

/// Elements that could be written read the same again, ranges of a concatenated key among them.
void write_and_read_again(const std::vector<nftables::RawElement>& elements) {
    nftables::Transaction transaction{{fairlead::base::Family::kIpv4, "fairlead", ""}};
    std::vector<nftables::Element> written;
    for (const auto& raw : elements) {
        nftables::Transaction alone{transaction.table()};
        alone.add_element("set", raw.element);
        if (!check(alone)) continue;
        transaction.add_element("set", raw.element);
        written.push_back(raw.element);
    }
    if (transaction.empty()) return;
    const auto batch = nftables::encode_batch(transaction, {"set"});
    netlink::Messages messages{batch.messages.bytes()};
    std::vector<nftables::Element> read;
    while (const auto message = messages.next())
        for (const auto& raw : nftables::decode_elements(*message))
            read.push_back(raw.element);
    FAIRLEAD_ASSERT(read == written);
}

}  // namespace

/// Answers to NFT_MSG_GETSETELEM, of hash sets and of interval sets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    netlink::Messages messages{std::as_bytes(std::span{data, size})};
    std::vector<nftables::RawElement> elements;
    while (const auto message = messages.next()) {
        auto decoded = nftables::decode_elements(*message);
        std::move(decoded.begin(), decoded.end(), std::back_inserter(elements));
    }
    write_and_read_again(elements);
    const auto count = elements.size();
    const auto ranges = nftables::join_intervals(std::move(elements));
    FAIRLEAD_ASSERT(ranges.size() <= count);
    for (const auto& range : ranges)
        FAIRLEAD_ASSERT(!range.element.key.empty() && !range.element.key_end.empty());
    return 0;
}
