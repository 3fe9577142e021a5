#pragma once

#include "support/dns_zone.h"

namespace fairlead::test {

/// The objects that the vectors of the specification are about, in namespace "shop"; everything synced.
/// Pods are `insecure`, reverse names fall through.
void fill_vector_cluster(ZoneCluster& cluster);
dns::ZoneOptions vector_options();

}  // namespace fairlead::test
