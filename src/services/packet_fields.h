#pragma once

// For .cpp files of services/ only: parts that rules of the data plane are made of.

#include <span>
#include <string_view>
#include <vector>

#include "kernel/nftables/expressions.h"
#include "services/frontend.h"

namespace fairlead::services {

/// Which of the sixteen registers hold what. Concatenated keys must lie side by side, and those of IPv6 fill
/// fifteen:
///
///   source | destination . protocol . port | result            affinity, frontends
///      index  destination . protocol . port | result            endpoints: the index is in the last word of
///                                                               the source, which is loaded again afterwards
///           | destination . protocol . port . endpoint          alive
///           | destination . protocol . port . source            allowed_sources
struct Registers {
    explicit Registers(base::Family family);

    kernel::nftables::Register source = 0;
    kernel::nftables::Register index;
    kernel::nftables::Register frontend;
    kernel::nftables::Register port;  ///< the frontend's
    kernel::nftables::Register result;
    kernel::nftables::Register result_port;  ///< where the result is an endpoint
};

using Expressions = std::vector<kernel::nftables::Expression>;

Expressions operator+(Expressions a, const Expressions& b);

kernel::nftables::Expression load_source(base::Family family, kernel::nftables::Register to);
kernel::nftables::Expression load_destination(base::Family family, kernel::nftables::Register to);
kernel::nftables::Expression load_destination_port(kernel::nftables::Register to);
/// daddr . l4proto . dport, the key of `frontends`.
Expressions load_frontend(base::Family family);
/// The same as the client addressed it, before any translation.
Expressions load_original_frontend(base::Family family);
/// saddr . l4proto . sport, the key of `service_endpoints`.
Expressions load_source_socket(base::Family family, kernel::nftables::Register to);

kernel::nftables::Expression load_number(std::uint32_t number, kernel::nftables::Register to);
/// Matches packets that open a connection.
Expressions if_new();
/// Matches packets of connections that are there already, and what belongs to them (ICMP errors).
Expressions if_established();
/// Matches packets that belong to no connection and cannot open one.
Expressions if_invalid();
/// Matches packets of connections that were sent to another destination.
Expressions if_translated();
/// Matches packets whose source is an address of this node.
Expressions if_from_node();

kernel::nftables::Expression jump(std::string_view chain);
kernel::nftables::Expression go(std::string_view chain);

/// Looks up in `frontends` or `outside_frontends` how an endpoint is chosen, and goes there.
Expressions pick_balancer(base::Family family, Origin origin);

}  // namespace fairlead::services
