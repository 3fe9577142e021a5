#include "agent/kube_proxy_config.h"

#include <algorithm>
#include <cctype>

#include "agent/kube_proxy_values.h"
#include "kube/lenient_address.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;
using Texts = std::vector<std::string>;

constexpr std::uint16_t kHealthzPort = 10256;
constexpr std::uint16_t kMetricsPort = 10249;

/// Puts the values of a file into a configuration of ours.
class Translation {
  public:
    Translation(std::string_view file_name, std::vector<KubeProxyValue> values)
        : file_name_(file_name), values_(std::move(values)) {}

    Result<KubeProxyConfig> run() {
        set_defaults();
        FAIRLEAD_CHECK(translate_mode());
        FAIRLEAD_CHECK(translate_node());
        FAIRLEAD_CHECK(translate_pods());
        FAIRLEAD_CHECK(translate_node_ports());
        FAIRLEAD_CHECK(translate_addresses());
        FAIRLEAD_CHECK(translate_process());
        FAIRLEAD_CHECK(translate_conntrack());
        FAIRLEAD_CHECK(translate_gates());
        note_unused();
        return std::move(result_);
    }

  private:
    void set_defaults() {
        constexpr int kOomScoreAdj = -999;
        auto& config = result_.draft.config;
        config = default_config();
        config.bind_address_hard_fail = false;
        config.oom_score_adj = kOomScoreAdj;
        config.conntrack.sizing = conntrack::Sizing::kFixed;
        config.conntrack.max_per_core = 32 * 1024;
        config.conntrack.min = 128 * 1024;
        config.conntrack.tcp_established_timeout = std::chrono::hours(24);
        config.conntrack.tcp_close_wait_timeout = std::chrono::hours(1);
    }

    /// Null where it is not given or null.
    [[nodiscard]] const KubeProxyValue* given(std::string_view path) const {
        const auto found = std::ranges::find(values_, path, &KubeProxyValue::path);
        return found == values_.end() ? nullptr : &*found;
    }

    /// Empty where it is not given.
    [[nodiscard]] std::string text(std::string_view path) const {
        const auto* const value = given(path);
        return value == nullptr ? "" : value->text;
    }

    static std::unexpected<base::Error> refuse(const KubeProxyValue& value, const std::string& why) {
        return base::fail(ErrorCode::kInvalid, value.place + ": " + value.path + ": " + why);
    }

    /// `path` need not be in the file.
    void note(std::string_view path, std::string_view why) {
        const auto* const value = given(path);
        result_.notes.push_back((value == nullptr ? file_name_ : value->place) + ": " + std::string(path) +
                                ": " + std::string(why));
    }

    /// Gives `texts` to our setting `field`.
    Result<void> put(std::string_view field, const KubeProxyValue& value, const Texts& texts) {
        const auto setting = std::ranges::find(settings(), field, &Setting::field);
        if (auto set = setting->value.set(result_.draft.config, texts); !set)
            return refuse(value, set.error().message);
        result_.draft.origins[setting->field] = value.place + ", " + value.path;
        return {};
    }

    /// The same for what the file says under `path`; nothing where that is not given or, unless
    /// `zero_counts`, is zero.
    Result<void> put(std::string_view field, std::string_view path, bool zero_counts = false) {
        const auto* const value = given(path);
        if (value == nullptr || (value->is_zero() && !zero_counts)) return {};
        return put(field, *value, {value->text});
    }

    Result<void> translate_mode() {
        mode_ = text("mode");
        if (mode_ == "nftables") return {};
        if (!mode_.empty() && mode_ != "iptables" && mode_ != "ipvs")
            return refuse(*given("mode"), "'" + mode_ + "' is none of iptables, ipvs, nftables");
        note("mode", (mode_.empty() ? "none is given, for which kube-proxy takes iptables" : mode_) +
                         ": fairlead programs nftables, whatever the mode");
        return {};
    }

    Result<void> translate_node() {
        FAIRLEAD_CHECK(put("kubeconfig", "clientConnection.kubeconfig"));
        const auto* const value = given("hostnameOverride");
        if (value == nullptr) return {};
        constexpr const char* kBlanks = " \t\r\n";
        const auto begin = std::min(value->text.find_first_not_of(kBlanks), value->text.size());
        auto name = value->text.substr(begin, value->text.find_last_not_of(kBlanks) + 1 - begin);
        std::ranges::transform(name, name.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return name.empty() ? Result<void>{} : put("nodeName", *value, {name});
    }

    Result<void> translate_pods() {
        FAIRLEAD_CHECK(put("detectLocalMode", "detectLocalMode"));
        FAIRLEAD_CHECK(put("bridgeInterface", "detectLocal.bridgeInterface"));
        FAIRLEAD_CHECK(put("interfaceNamePrefix", "detectLocal.interfaceNamePrefix"));
        FAIRLEAD_CHECK(
            put("masqueradeAll", mode_ == "nftables" ? "nftables.masqueradeAll" : "iptables.masqueradeAll"));
        const auto* const value = given("clusterCIDR");
        if (value == nullptr || value->text.empty()) return {};
        Texts ranges;
        for (std::size_t begin = 0; begin <= value->text.size();) {
            const auto end = std::min(value->text.find(',', begin), value->text.size());
            const auto range = kube::parse_lenient_cidr(value->text.substr(begin, end - begin));
            if (!range) return refuse(*value, range.error().message);
            ranges.push_back(range->to_string());
            begin = end + 1;
        }
        return put("clusterCIDRs", *value, ranges);
    }

    Result<void> translate_node_ports() {
        const auto* const value = given("nodePortAddresses");
        auto& addresses = result_.draft.config.node_port_addresses;
        if (value != nullptr && !value->list.empty()) {
            Texts texts;
            for (const auto& text : value->list) {
                const auto range = kube::parse_lenient_cidr(text);
                texts.push_back(range ? range->to_string() : text);
            }
            FAIRLEAD_CHECK(put("nodePortAddresses", *value, texts));
        } else if (mode_ != "nftables") {
            addresses.all = true;
            addresses.localhost = mode_ != "ipvs";
        }
        if (mode_ != "ipvs" && mode_ != "nftables" && text("iptables.localhostNodePorts") == "false")
            addresses.drop_localhost();
        if (addresses.localhost && mode_ != "nftables")
            note("iptables.localhostNodePorts", "at 127.0.0.1 and ::1 fairlead serves NodePorts of TCP only");
        return {};
    }

    Result<void> translate_addresses() {
        const auto* const bind = given("bindAddress");
        base::IpAddress hint;
        if (bind != nullptr && !bind->text.empty()) {
            const auto address = kube::parse_lenient_ip(bind->text);
            if (!address) return refuse(*bind, address.error().message);
            hint = *address;
            if (hint != base::IpAddress{} && hint.to_string() != "::")
                note("bindAddress", "fairlead takes the addresses of the node from the Node object");
        }
        if (hint.family() == base::Family::kIpv6) {
            result_.draft.config.health_address = base::SocketAddress::parse("[::]:10256").value();
            result_.draft.config.admin_address = base::SocketAddress::parse("[::1]:10249").value();
        }
        FAIRLEAD_CHECK(put("bindAddressHardFail", "bindAddressHardFail"));
        FAIRLEAD_CHECK(put_address("healthAddress", "healthzBindAddress", kHealthzPort));
        return put_address("adminAddress", "metricsBindAddress", kMetricsPort);
    }

    /// An address with a port, or without.
    Result<void> put_address(std::string_view field, std::string_view path, std::uint16_t port) {
        const auto* const value = given(path);
        if (value == nullptr || value->text.empty()) return {};
        const auto alone = kube::parse_lenient_ip(value->text);
        return put(field, *value, {alone ? base::SocketAddress{*alone, port}.to_string() : value->text});
    }

    Result<void> translate_process() {
        FAIRLEAD_CHECK(put("oomScoreAdj", "oomScoreAdj", true));
        const std::string backend = mode_.empty() ? "iptables" : mode_;
        FAIRLEAD_CHECK(put("syncPeriod", backend + ".syncPeriod"));
        FAIRLEAD_CHECK(put("logFormat", "logging.format"));
        const auto* const verbosity = given("logging.verbosity");
        if (verbosity == nullptr) return {};
        // The level from which on Kubernetes' programs say what only their developers want to know.
        constexpr int kDebugVerbosity = 4;
        const bool debug = std::stol(verbosity->text) >= kDebugVerbosity;
        return put("logLevel", *verbosity, {debug ? "debug" : "info"});
    }

    Result<void> translate_conntrack() {
        for (const std::string_view path :
             {"conntrack.maxPerCore", "conntrack.min", "conntrack.tcpEstablishedTimeout",
              "conntrack.tcpCloseWaitTimeout", "conntrack.tcpBeLiberal", "conntrack.udpTimeout",
              "conntrack.udpStreamTimeout"})
            FAIRLEAD_CHECK(put(path, path, true));
        auto& conntrack = result_.draft.config.conntrack;
        if (conntrack.max_per_core == 0) conntrack.min = 0;  // kube-proxy asks for maxPerCore alone
        return {};
    }

    Result<void> translate_gates() {
        for (const auto& value : values_) {
            if (!value.path.starts_with("featureGates.")) continue;
            if (value.path == "featureGates.AllowServiceExternalIPs")
                FAIRLEAD_CHECK(put("externalIPs", value, {value.text}));
            else if (value.path == "featureGates.KubeProxyNFTablesLocalhostNodePorts")
                note_localhost_gate(value);
            else
                note(value.path, "of the feature gates fairlead knows AllowServiceExternalIPs only");
        }
        return {};
    }

    void note_localhost_gate(const KubeProxyValue& gate) {
        if (gate.text == "false" && result_.draft.config.node_port_addresses.localhost)
            note(gate.path, "fairlead serves NodePorts at localhost wherever nodePortAddresses has it");
    }

    void note_unused() {
        for (const auto& value : values_)
            if (const auto& field = *value.field; !field.unused.empty() && !value.is_zero() &&
                                                  (value.text.empty() || value.text != field.usual))
                note(value.path, "is not used: " + std::string(field.unused));
    }

    std::string file_name_;
    std::vector<KubeProxyValue> values_;
    std::string mode_;
    KubeProxyConfig result_;
};

}  // namespace

Result<KubeProxyConfig> parse_kube_proxy_config(std::string_view file_name, std::string_view text) {
    FAIRLEAD_TRY(auto values, read_kube_proxy_values(file_name, text));
    return Translation{file_name, std::move(values)}.run();
}

}  // namespace fairlead::agent
