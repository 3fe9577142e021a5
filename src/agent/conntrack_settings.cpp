#include "agent/conntrack_settings.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::Result;

constexpr const char* kSysctls = "/proc/sys/net/netfilter/nf_conntrack_";
constexpr const char* kHashSize = "/sys/module/nf_conntrack/parameters/hashsize";

Result<std::uint64_t> current_value(const std::string& file) {
    FAIRLEAD_TRY(const auto text, net::read_file(file));
    std::uint64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc{})
        return base::fail(base::ErrorCode::kInternal, file + ": '" + text + "' is no number");
    return value;
}

Result<void> write(const KernelValue& wanted) {
    FAIRLEAD_TRY(const auto current, current_value(wanted.file));
    if (current == wanted.value || (wanted.at_least && current > wanted.value)) return {};
    FAIRLEAD_CHECK(net::overwrite_file(wanted.file, std::to_string(wanted.value)));
    base::log_info("connection tracking configured",
                   {{"file", wanted.file}, {"before", current}, {"now", wanted.value}});
    return {};
}

/// The files are there only while connection tracking is; any question to it has the kernel load its module.
/// Where that does not help, the files say so.
void wake_connection_tracking() {
    auto table = kernel::conntrack::NetlinkConntrackTable::open();
    if (table) static_cast<void>(table->count());
}

}  // namespace

std::vector<KernelValue> kernel_values(const ConntrackSettings& settings, unsigned cpus) {
    constexpr std::uint64_t kLargestScaled = 1'048'576;
    constexpr std::uint64_t kEntriesPerBucket = 4;
    std::vector<KernelValue> values;
    const auto scaled = std::min(std::uint64_t{settings.max_per_core} * cpus, kLargestScaled);
    if (const auto max = std::max(scaled, std::uint64_t{settings.min}); max > 0) {
        values.push_back({std::string(kSysctls) + "max", max, true});
        values.push_back({kHashSize, max / kEntriesPerBucket, true});
    }
    const auto add_timeout = [&](const char* name, base::Duration timeout) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout).count();
        if (seconds > 0)
            values.push_back({std::string(kSysctls) + name, static_cast<std::uint64_t>(seconds), false});
    };
    add_timeout("tcp_timeout_established", settings.tcp_established_timeout);
    add_timeout("tcp_timeout_close_wait", settings.tcp_close_wait_timeout);
    if (settings.is_liberal()) values.push_back({std::string(kSysctls) + "tcp_be_liberal", 1, false});
    add_timeout("udp_timeout", settings.udp_timeout);
    add_timeout("udp_timeout_stream", settings.udp_stream_timeout);
    return values;
}

void apply_conntrack_settings(const ConntrackSettings& settings) {
    const auto values = kernel_values(settings, net::online_cpus());
    if (!values.empty()) wake_connection_tracking();
    for (const auto& wanted : values)
        if (const auto written = write(wanted); !written)
            base::log_warning("connection tracking keeps a value",
                              {{"wanted", wanted.value}, {"error", written.error().message}});
}

}  // namespace fairlead::agent
