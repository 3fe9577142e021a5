#include "agent/kube_proxy_fields.h"

#include <algorithm>
#include <array>
#include <string>

namespace fairlead::agent {

namespace {

using Type = KubeProxyType;

constexpr std::string_view kOneWatch = "fairlead sends a handful of watches, and limits nothing";
constexpr std::string_view kOwnTypes = "fairlead asks for what it reads best";
constexpr std::string_view kNoMark = "fairlead sets no packet mark";
constexpr std::string_view kAtOnce = "fairlead writes each change at once; many at a time are one write";
constexpr std::string_view kNoIpvs = "fairlead programs nftables, whatever the mode";
constexpr std::string_view kNoWindows = "this is for Windows";
constexpr std::string_view kPlainLog = "fairlead writes its log to standard error, line by line";
constexpr std::string_view kGone = "kube-proxy has no such field any more";

constexpr std::int64_t kLargestBit = 31;

constexpr std::array kKubeProxyFields = {
    KubeProxyField{"clientConnection.kubeconfig"},
    KubeProxyField{"clientConnection.acceptContentTypes", Type::kText, kOwnTypes},
    KubeProxyField{"clientConnection.contentType", Type::kText, kOwnTypes,
                   "application/vnd.kubernetes.protobuf"},
    KubeProxyField{"clientConnection.qps", Type::kNumber, kOneWatch, "5"},
    KubeProxyField{"clientConnection.burst", Type::kInteger, kOneWatch, "10"},
    KubeProxyField{"logging.format"},
    KubeProxyField{"logging.verbosity", Type::kInteger, {}, {}, 0},
    KubeProxyField{"logging.flushFrequency", Type::kNanoseconds, kPlainLog, "5s"},
    KubeProxyField{"logging.vmodule", Type::kAny, kPlainLog},
    KubeProxyField{"logging.options.text.splitStream", Type::kBoolean, kPlainLog},
    KubeProxyField{"logging.options.text.infoBufferSize", Type::kAny, kPlainLog},
    KubeProxyField{"logging.options.json.splitStream", Type::kBoolean, kPlainLog},
    KubeProxyField{"logging.options.json.infoBufferSize", Type::kAny, kPlainLog},
    KubeProxyField{"hostnameOverride"},
    KubeProxyField{"bindAddress"},
    KubeProxyField{"healthzBindAddress"},
    KubeProxyField{"metricsBindAddress"},
    KubeProxyField{"bindAddressHardFail", Type::kBoolean},
    KubeProxyField{"enableProfiling", Type::kBoolean, "perf profiles fairlead from outside"},
    KubeProxyField{"showHiddenMetricsForVersion", Type::kText, "fairlead hides no metric"},
    KubeProxyField{"mode"},
    KubeProxyField{"iptables.masqueradeBit", Type::kInteger, kNoMark, "14", 0, kLargestBit},
    KubeProxyField{"iptables.masqueradeAll", Type::kBoolean},
    KubeProxyField{"iptables.localhostNodePorts", Type::kBoolean},
    KubeProxyField{"iptables.syncPeriod", Type::kDuration},
    KubeProxyField{"iptables.minSyncPeriod", Type::kDuration, kAtOnce, "1s"},
    KubeProxyField{"ipvs.syncPeriod", Type::kDuration},
    KubeProxyField{"ipvs.minSyncPeriod", Type::kDuration, kAtOnce},
    KubeProxyField{"ipvs.scheduler", Type::kText, kNoIpvs},
    KubeProxyField{"ipvs.excludeCIDRs", Type::kTextList, kNoIpvs},
    KubeProxyField{"ipvs.strictARP", Type::kBoolean, kNoIpvs},
    KubeProxyField{"ipvs.tcpTimeout", Type::kDuration, kNoIpvs},
    KubeProxyField{"ipvs.tcpFinTimeout", Type::kDuration, kNoIpvs},
    KubeProxyField{"ipvs.udpTimeout", Type::kDuration, kNoIpvs},
    KubeProxyField{"nftables.masqueradeBit", Type::kInteger, kNoMark, "14", 0, kLargestBit},
    KubeProxyField{"nftables.masqueradeAll", Type::kBoolean},
    KubeProxyField{"nftables.syncPeriod", Type::kDuration},
    KubeProxyField{"nftables.minSyncPeriod", Type::kDuration, kAtOnce, "1s"},
    KubeProxyField{"winkernel.networkName", Type::kText, kNoWindows},
    KubeProxyField{"winkernel.sourceVip", Type::kText, kNoWindows},
    KubeProxyField{"winkernel.enableDSR", Type::kBoolean, kNoWindows},
    KubeProxyField{"winkernel.rootHnsEndpointName", Type::kText, kNoWindows},
    KubeProxyField{"winkernel.forwardHealthCheckVip", Type::kBoolean, kNoWindows},
    KubeProxyField{"windowsRunAsService", Type::kBoolean, kNoWindows},
    KubeProxyField{"detectLocalMode"},
    KubeProxyField{"detectLocal.bridgeInterface"},
    KubeProxyField{"detectLocal.interfaceNamePrefix"},
    KubeProxyField{"clusterCIDR"},
    KubeProxyField{"nodePortAddresses", Type::kTextList},
    KubeProxyField{"oomScoreAdj", Type::kInteger},
    KubeProxyField{"conntrack.maxPerCore", Type::kInteger, {}, {}, 0},
    KubeProxyField{"conntrack.min", Type::kInteger, {}, {}, 0},
    KubeProxyField{"conntrack.tcpEstablishedTimeout", Type::kDuration},
    KubeProxyField{"conntrack.tcpCloseWaitTimeout", Type::kDuration},
    KubeProxyField{"conntrack.tcpBeLiberal", Type::kBoolean},
    KubeProxyField{"conntrack.udpTimeout", Type::kDuration},
    KubeProxyField{"conntrack.udpStreamTimeout", Type::kDuration},
    KubeProxyField{"configSyncPeriod", Type::kDuration, "fairlead does not ask again for what it watches",
                   "15m0s"},
    KubeProxyField{"portRange", Type::kText, "it means nothing to kube-proxy either"},
    KubeProxyField{"udpIdleTimeout", Type::kDuration, kGone, "250ms"},
    KubeProxyField{"resourceContainer", Type::kText, kGone, "/kube-proxy"},
};

constexpr std::string_view kGates = "featureGates";
constexpr KubeProxyField kGate{kGates, Type::kBoolean};

}  // namespace

std::span<const KubeProxyField> kube_proxy_fields() {
    return kKubeProxyFields;
}

const KubeProxyField* find_kube_proxy_field(std::string_view path) {
    if (path.starts_with(kGates) && path.substr(kGates.size()).starts_with('.')) return &kGate;
    const auto* const found = std::ranges::find(kKubeProxyFields, path, &KubeProxyField::path);
    return found == kKubeProxyFields.end() ? nullptr : found;
}

bool is_kube_proxy_group(std::string_view path) {
    if (path == kGates) return true;
    const auto fields_of_it = std::string(path) + ".";
    return std::ranges::any_of(kKubeProxyFields,
                               [&](const auto& field) { return field.path.starts_with(fields_of_it); });
}

}  // namespace fairlead::agent
