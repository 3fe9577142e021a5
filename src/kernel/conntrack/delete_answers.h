#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "kernel/conntrack/flow.h"
#include "kernel/netlink/kernel_error.h"

namespace fairlead::kernel::conntrack {

/// What the kernel says to a batch of encode_delete messages. Pure.
class DeleteAnswers {
  public:
    /// `flows`, in the order of the messages, which are numbered from `first_sequence` on, must outlive it.
    DeleteAnswers(std::span<const Flow> flows, std::uint32_t first_sequence)
        : flows_(flows), first_sequence_(first_sequence) {}

    void take(std::span<const std::byte> datagram);

    /// How many were deleted, once all answers are taken. Errors name the first flow that was refused;
    /// kInternal if answers are missing.
    [[nodiscard]] base::Result<std::size_t> result() const;

  private:
    std::span<const Flow> flows_;
    std::uint32_t first_sequence_;
    std::size_t deleted_ = 0;
    std::size_t answered_ = 0;
    std::optional<netlink::KernelError> first_error_;
    std::size_t refused_ = 0;  ///< index of the flow that first_error_ is about
};

}  // namespace fairlead::kernel::conntrack
