#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "kernel/nftables/nft_tables.h"
#include "services/service_proxy.h"

namespace fairlead::agent {

/// Elements of one page; the first so many, for they are looked up one by one on the thread that syncs.
inline constexpr std::size_t kDetailedElements = 200;

/// Endpoints of each family that a port and a frontend are shown with; all of them are counted.
inline constexpr std::size_t kDetailedEndpoints = 500;

/// The page /service, with a query "namespace=NAME&name=NAME": everything about one Service. Each frontend
/// has the reasons why each endpoint is used or not, and its elements as the kernel has them. kNotFound if
/// there is no such Service.
base::Result<std::string> service_details_json(const services::ServiceProxy& proxy,
                                               kernel::nftables::NftTables& tables, std::string_view query);

}  // namespace fairlead::agent
