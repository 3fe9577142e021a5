#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fairlead::conntrack {

/// What a line of the kernel's log says about connection tracking.
enum class KernelLogKind : std::uint8_t {
    kTableFull,         ///< a packet was dropped
    kExpectationsFull,  ///< of a protocol helper, such as that of FTP
    kVmalloc,           ///< the hash table did not fit into contiguous memory
    kSuppressed,        ///< lines of the network stack that were not written, maybe not ours
};

struct KernelLogLine {
    KernelLogKind kind = KernelLogKind::kTableFull;
    std::uint64_t times = 1;                      ///< repetitions that the line stands for
    std::optional<std::chrono::microseconds> at;  ///< since the machine started
    /// Number of the network namespace, as `ls -Li /run/netns` shows it; newer kernels only.
    std::optional<std::uint32_t> network_namespace;

    friend bool operator==(const KernelLogLine&, const KernelLogLine&) = default;
};

/// Reads a line as /dev/kmsg has it ("4,1107,93210045,-;text", Documentation/ABI/testing/dev-kmsg), as
/// dmesg(1) prints it ("[   93.210045] text") or as a syslog file does ("... kernel: [93.210045] text", also
/// "message repeated 3 times: [ text]"). nullopt if it is about something else.
std::optional<KernelLogLine> parse_kernel_log_line(std::string_view line);

/// What all lines of a log say together.
struct KernelLogSummary {
    /// Times that the table was full in this network namespace, or in one that the line does not name.
    std::uint64_t table_full = 0;
    std::uint64_t table_full_elsewhere = 0;
    /// Lines before those that the kernel left out because there were too many; some may be about other
    /// things.
    std::uint64_t suppressed = 0;
    std::uint64_t expectations_full = 0;
    std::uint64_t vmalloc = 0;
    /// When table_full was seen last, since the machine started.
    std::optional<std::chrono::microseconds> last_table_full{};

    friend bool operator==(const KernelLogSummary&, const KernelLogSummary&) = default;
};

/// Counts lines, the oldest first.
class KernelLogCounter {
  public:
    /// `own_namespace`: see KernelLogLine::network_namespace.
    explicit KernelLogCounter(std::optional<std::uint32_t> own_namespace) : own_namespace_(own_namespace) {}

    void take(std::string_view line);
    [[nodiscard]] const KernelLogSummary& summary() const { return summary_; }

  private:
    void take_table_full(const KernelLogLine& line);

    std::optional<std::uint32_t> own_namespace_;
    std::uint64_t pending_suppressed_ = 0;  // of the line before
    KernelLogSummary summary_;
};

}  // namespace fairlead::conntrack
