#pragma once

#include <memory>
#include <vector>

#include "dns/dns_config.h"
#include "dns/forwarder.h"

namespace fairlead::dns {

/// What may change while an engine works: whom it asks, and what the configuration says of single names.
struct Forwarding {
    std::vector<HostEntry> hosts{};
    std::vector<NameRewrite> rewrites{};
    std::unique_ptr<Forwarder> forwarder{};
};

}  // namespace fairlead::dns
