#pragma once

#include <cstdint>
#include <string_view>

#include "dns/name.h"

namespace fairlead::dns {

/// What a name below a cluster domain asks about (Kubernetes DNS specification 1.1.0). The views point into
/// the name and hold labels as they are on the wire, with their lengths.
struct ClusterName {
    enum class Kind : std::uint8_t {
        kApex,
        kVersion,     ///< dns-version
        kNameServer,  ///< ns.dns: the cluster DNS Service
        kBranch,      ///< svc, pod, dns: there are names below, whatever the objects
        kNamespace,   ///< NAMESPACE.svc, NAMESPACE.pod
        kPod,         ///< ADDRESS.NAMESPACE.pod
        kService,     ///< SERVICE.NAMESPACE.svc
        kEndpoint,    ///< HOSTNAME.SERVICE.NAMESPACE.svc
        kProtocol,    ///< _PROTOCOL.SERVICE.NAMESPACE.svc
        kPort,        ///< _PORT._PROTOCOL.SERVICE.NAMESPACE.svc
        kNone,        ///< nothing that there can be
    };

    Kind kind = Kind::kNone;
    std::string_view namespace_wire;  ///< "\4shop"
    std::string_view service_wire;    ///< "\4cart\4shop\3svc"
    std::string_view label;           ///< of an endpoint or Pod, without length
    std::string_view port;            ///< without length and underscore
    std::string_view protocol;        ///< without length and underscore
};

/// `relative` is the wire form of a name in lower case without the labels of the cluster domain.
ClusterName parse_cluster_name(Bytes relative);

}  // namespace fairlead::dns
