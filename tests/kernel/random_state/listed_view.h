#pragma once

#include "kernel/random_state/nft_listing.h"
#include "sim/services/cluster_model.h"

namespace fairlead::services {

/// What the kernel's table says, in the words of ClusterModel::wanted(). Fails the test if it contradicts
/// itself: an index that is missing, an endpoint that nobody can reach, a balancer that does not fit its
/// frontend or has no rules.
TableView view_of(const test::NftListing& listing);

}  // namespace fairlead::services
