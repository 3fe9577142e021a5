#include "dns/cluster_names.h"

#include <array>
#include <cstddef>

namespace fairlead::dns {

namespace {

using Kind = ClusterName::Kind;

constexpr std::size_t kMostLabels = 5;  // _PORT._PROTOCOL.SERVICE.NAMESPACE.svc

/// The labels of a name, from the right. Of a name that is too long `count` is all that is right.
struct Labels {
    explicit Labels(std::string_view wire_form) : wire(wire_form) {
        std::array<std::size_t, kMostLabels + 1> starts{};
        for (std::size_t at = 0; at < wire.size() && count < starts.size();
             at += 1U + static_cast<unsigned char>(wire[at]))
            starts[count++] = at;
        for (std::size_t i = 0; i < count; ++i)
            offsets[i] = starts[count - 1 - i];
    }

    /// Without its length.
    [[nodiscard]] std::string_view label(std::size_t from_right) const {
        const auto at = offsets[from_right];
        return wire.substr(at + 1, static_cast<unsigned char>(wire[at]));
    }
    /// With its length.
    [[nodiscard]] std::string_view label_wire(std::size_t from_right) const {
        return wire.substr(offsets[from_right], label(from_right).size() + 1);
    }

    std::string_view wire;
    std::size_t count = 0;
    std::array<std::size_t, kMostLabels + 1> offsets{};
};

bool take_underscore(std::string_view& label) {
    if (!label.starts_with('_')) return false;
    label.remove_prefix(1);
    return true;
}

void parse_below_service(const Labels& labels, ClusterName& name) {
    auto nearest = labels.label(3);
    const bool is_protocol = take_underscore(nearest);
    if (labels.count < kMostLabels) {
        name.kind = is_protocol ? Kind::kProtocol : Kind::kEndpoint;
        (is_protocol ? name.protocol : name.label) = nearest;
        return;
    }
    auto port = labels.label(4);
    if (!is_protocol || !take_underscore(port)) return;
    name.kind = Kind::kPort;
    name.protocol = nearest;
    name.port = port;
}

void parse_services(const Labels& labels, ClusterName& name) {
    name.service_wire = labels.wire.substr(labels.offsets[2]);
    if (labels.count == 3)
        name.kind = Kind::kService;
    else
        parse_below_service(labels, name);
}

void parse_pods(const Labels& labels, ClusterName& name) {
    if (labels.count != 3) return;
    name.kind = Kind::kPod;
    name.label = labels.label(2);
}

Kind kind_of_single(std::string_view label) {
    if (label == "svc" || label == "pod" || label == "dns") return Kind::kBranch;
    return label == "dns-version" ? Kind::kVersion : Kind::kNone;
}

}  // namespace

ClusterName parse_cluster_name(Bytes relative) {
    const Labels labels({reinterpret_cast<const char*>(relative.data()), relative.size()});  // NOLINT(*-cast)
    ClusterName name;
    if (labels.count == 0) {
        name.kind = Kind::kApex;
        return name;
    }
    if (labels.count > kMostLabels) return name;
    const auto last = labels.label(0);
    if (labels.count == 1) {
        name.kind = kind_of_single(last);
        return name;
    }
    if (last == "dns" && labels.count == 2 && labels.label(1) == "ns") name.kind = Kind::kNameServer;
    if (last != "svc" && last != "pod") return name;
    name.namespace_wire = labels.label_wire(1);
    if (labels.count == 2)
        name.kind = Kind::kNamespace;
    else if (last == "svc")
        parse_services(labels, name);
    else
        parse_pods(labels, name);
    return name;
}

}  // namespace fairlead::dns
