#include "agent/conntrack_settings.h"

#include <optional>
#include <string>

namespace fairlead::agent {

conntrack::SizingSettings sizing_settings(const ConntrackSettings& settings) {
    conntrack::SizingSettings sizing{settings.sizing, settings.max_per_core, settings.min, {}};
    const auto add = [&](const char* name, const char* field, std::uint64_t value) {
        sizing.values.push_back({std::string("nf_conntrack_") + name, std::string("conntrack.") + field,
                                 value > 0 ? std::optional(value) : std::nullopt});
    };
    const auto add_timeout = [&](const char* name, const char* field, base::Duration timeout) {
        add(name, field,
            static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(timeout).count()));
    };
    add_timeout("tcp_timeout_established", "tcpEstablishedTimeout", settings.tcp_established_timeout);
    add_timeout("tcp_timeout_close_wait", "tcpCloseWaitTimeout", settings.tcp_close_wait_timeout);
    const bool by_guard = settings.guard == GuardMode::kLiberal && !settings.tcp_be_liberal;
    add("tcp_be_liberal", by_guard ? "guard" : "tcpBeLiberal", settings.is_liberal() ? 1 : 0);
    add_timeout("udp_timeout", "udpTimeout", settings.udp_timeout);
    add_timeout("udp_timeout_stream", "udpStreamTimeout", settings.udp_stream_timeout);
    return sizing;
}

}  // namespace fairlead::agent
