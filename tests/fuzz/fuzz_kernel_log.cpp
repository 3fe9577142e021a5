#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "conntrack/kernel_log.h"

// Reads any text as lines of the kernel's log; what is counted is what the lines say, and no more.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace fairlead::conntrack;  // NOLINT(google-build-using-namespace)
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    KernelLogCounter counter{4'026'531'840};
    std::uint64_t table_full = 0;
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        counter.take(line);
        const auto parsed = parse_kernel_log_line(line);
        if (parsed && parsed->kind == KernelLogKind::kTableFull) table_full += parsed->times;
        if (parsed && parsed->at) FAIRLEAD_ASSERT(parsed->at->count() >= 0);
    }
    const auto& summary = counter.summary();
    FAIRLEAD_ASSERT(summary.table_full + summary.table_full_elsewhere == table_full);
    return 0;
}
