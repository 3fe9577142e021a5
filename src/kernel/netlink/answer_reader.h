#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "kernel/netlink/attributes.h"

namespace fairlead::kernel::netlink {

/// Puts the answer to one request together from the datagrams of a socket: one or several messages and an
/// acknowledgement, or a dump up to its NLMSG_DONE (linux/netlink.h). Pure.
class AnswerReader {
  public:
    /// `sequence`: nlmsg_seq of the request. Messages of other requests, say of one that timed out, are
    /// passed over.
    explicit AnswerReader(std::uint32_t sequence) : sequence_(sequence) {}

    /// Takes in one datagram and calls `visit` for each message of the answer. True once the answer is
    /// complete. Errors: what the kernel refused; kBusy (ENOBUFS) at the end of an answer of which a part was
    /// lost: what was visited is void, ask again.
    base::Result<bool> take(std::span<const std::byte> datagram,
                            const std::function<void(const Message&)>& visit);

    /// A datagram did not fit the socket's buffer (ENOBUFS).
    void note_loss() { lost_ = true; }

    /// Something changed during the dump (NLM_F_DUMP_INTR), not necessarily what was dumped.
    [[nodiscard]] bool interrupted() const { return interrupted_; }

  private:
    [[nodiscard]] base::Result<bool> finish(const Message& last) const;

    std::uint32_t sequence_;
    bool lost_ = false;
    bool interrupted_ = false;
};

}  // namespace fairlead::kernel::netlink
