#include "agent/liberal_mode.h"

#include "base/log.h"
#include "net/files.h"

namespace fairlead::agent {

namespace {

constexpr const char* kLiberal = "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal";

}  // namespace

void LiberalMode::prepare(bool liberal) {
    if (liberal) {
        // Where connection tracking is not there yet, it begins with 0.
        wrote_ = wrote_ || !net::read_file(kLiberal).value_or("0").starts_with('1');
        return;
    }
    if (!wrote_) return;
    wrote_ = false;
    if (const auto written = net::overwrite_file(kLiberal, "0"); !written)
        base::log_warning("TCP segments outside the window stay tracked",
                          {{"error", written.error().message}});
    else
        base::log_info("connection tracking configured", {{"file", kLiberal}, {"before", 1}, {"now", 0}});
}

}  // namespace fairlead::agent
