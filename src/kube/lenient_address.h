#pragma once

#include <string_view>

#include "base/address.h"

namespace fairlead::kube {

// Addresses as objects that were created long ago may still have them: the API server refuses such texts only
// where they are new (KEP-4858), and kube-proxy reads them like this (k8s.io/utils/net ParseIPSloppy,
// ParseCIDRSloppy). Blanks around the text are passed over, numbers in IPv4 addresses may begin with zeros
// and are decimal all the same, and bits of a CIDR behind its prefix are cleared.

base::Result<base::IpAddress> parse_lenient_ip(std::string_view text);
base::Result<base::Prefix> parse_lenient_cidr(std::string_view text);

}  // namespace fairlead::kube
