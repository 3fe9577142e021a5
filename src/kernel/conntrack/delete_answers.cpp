#include "kernel/conntrack/delete_answers.h"

#include <cerrno>

namespace fairlead::kernel::conntrack {

void DeleteAnswers::take(std::span<const std::byte> datagram) {
    netlink::Messages messages{datagram};
    while (const auto message = messages.next()) {
        auto error = parse_kernel_error(*message);
        const std::uint32_t index = message->sequence - first_sequence_;
        // What is left of an earlier conversation is not about these flows.
        if (!error || index >= flows_.size()) continue;
        ++answered_;
        if (error->errno_value == 0) {
            ++deleted_;
        } else if (error->errno_value != ENOENT && !first_error_) {
            first_error_ = std::move(error);
            refused_ = index;
        }
    }
}

base::Result<std::size_t> DeleteAnswers::result() const {
    if (first_error_)
        return base::fail(
            code_of(*first_error_),
            "conntrack: delete flow " + describe(flows_[refused_]) + ": " + netlink::describe(*first_error_),
            first_error_->errno_value);
    if (answered_ < flows_.size())
        return base::fail(base::ErrorCode::kInternal, "conntrack: delete flows: the kernel answered " +
                                                          std::to_string(answered_) + " of " +
                                                          std::to_string(flows_.size()) + " times");
    return deleted_;
}

}  // namespace fairlead::kernel::conntrack
