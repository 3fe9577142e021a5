#include "kernel/nftables/counts_dump.h"

#include <linux/netlink.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/assert.h"
#include "kernel/nftables/message_codec.h"

namespace fairlead::kernel::nftables {

using base::Result;

Result<CountsDump> CountsDump::open() {
    FAIRLEAD_TRY(auto socket, netlink::Socket::open(NETLINK_NETFILTER));
    return CountsDump{std::move(socket)};
}

Result<void> CountsDump::begin(base::Family family, std::string_view table, std::string_view set) {
    FAIRLEAD_ASSERT(!answer_);
    netlink::MessageBuilder request;
    encode_dump_elements(request, family, table, set);
    const auto sequence = socket_.take_sequences(1);
    std::vector<std::byte> numbered(request.bytes().begin(), request.bytes().end());
    std::memcpy(numbered.data() + offsetof(nlmsghdr, nlmsg_seq), &sequence, sizeof sequence);
    FAIRLEAD_CHECK(socket_.send(numbered));
    answer_.emplace(sequence);
    return {};
}

Result<bool> CountsDump::take(const std::function<void(const Element&, Counts)>& visit) {
    FAIRLEAD_ASSERT(answer_);
    const auto datagram = socket_.receive();
    if (!datagram && datagram.error().errno_value == ENOBUFS) {
        answer_->note_loss();
        return false;
    }
    FAIRLEAD_CHECK(datagram);
    FAIRLEAD_TRY(const bool over, answer_->take(*datagram, [&](const netlink::Message& message) {
        for (const auto& raw : decode_elements(message))
            visit(raw.element, raw.counts);
    }));
    if (over) answer_.reset();
    return over;
}

}  // namespace fairlead::kernel::nftables
