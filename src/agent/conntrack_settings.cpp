#include "agent/conntrack_settings.h"

#include <optional>
#include <string>

namespace fairlead::agent {

namespace {

/// A timeout that kube-proxy sets unless it is told otherwise.
struct DefaultTimeout {
    std::uint64_t kube_proxy_seconds;  ///< pkg/proxy/apis/config/v1alpha1/defaults.go
    std::uint64_t kernel_seconds;      ///< net/netfilter/nf_conntrack_proto_tcp.c
};
constexpr DefaultTimeout kEstablished{86'400, 432'000};
constexpr DefaultTimeout kCloseWait{3'600, 60};

std::uint64_t seconds_of(base::Duration timeout) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(timeout).count());
}

}  // namespace

conntrack::SizingSettings sizing_settings(const ConntrackSettings& settings) {
    conntrack::SizingSettings sizing{settings.sizing, settings.max_per_core, settings.min, {}};
    const auto add = [&](const char* name, const char* field, std::uint64_t value) {
        sizing.values.push_back({std::string("nf_conntrack_") + name, std::string("conntrack.") + field,
                                 value > 0 ? std::optional(value) : std::nullopt, std::nullopt});
    };
    const auto add_timeout = [&](const char* name, const char* field, base::Duration timeout) {
        add(name, field, seconds_of(timeout));
    };
    const auto add_tcp_timeout = [&](const char* name, const char* field,
                                     std::optional<base::Duration> timeout, const DefaultTimeout& otherwise) {
        const bool by_default = !timeout && settings.sizing == conntrack::Sizing::kAutomatic;
        add(name, field,
            by_default ? otherwise.kube_proxy_seconds : seconds_of(timeout.value_or(base::Duration{})));
        if (by_default) sizing.values.back().only_instead_of = otherwise.kernel_seconds;
    };
    add_tcp_timeout("tcp_timeout_established", "tcpEstablishedTimeout", settings.tcp_established_timeout,
                    kEstablished);
    add_tcp_timeout("tcp_timeout_close_wait", "tcpCloseWaitTimeout", settings.tcp_close_wait_timeout,
                    kCloseWait);
    const bool by_guard = settings.guard == GuardMode::kLiberal && !settings.tcp_be_liberal;
    add("tcp_be_liberal", by_guard ? "guard" : "tcpBeLiberal", settings.is_liberal() ? 1 : 0);
    add_timeout("udp_timeout", "udpTimeout", settings.udp_timeout);
    add_timeout("udp_timeout_stream", "udpStreamTimeout", settings.udp_stream_timeout);
    return sizing;
}

}  // namespace fairlead::agent
