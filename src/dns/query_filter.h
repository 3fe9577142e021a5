#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/protocol.h"
#include "dns/search_context.h"
#include "kube/objects.h"

namespace fairlead::dns {

/// Which answered queries somebody wants to see: those that fit all four.
struct QueryFilter {
    std::vector<kube::ObjectKey> pods{};  ///< without a name: all of the namespace; none: whoever asks
    std::vector<ResponseCode> codes{};    ///< none: any
    std::vector<Name> names{};            ///< and all names below; none: any
    std::uint32_t one_in = 1;             ///< of so many, drawn by chance; 0: none at all

    friend bool operator==(const QueryFilter&, const QueryFilter&) = default;
};

/// Whether pods, codes and names fit; `context` is nullptr for a client that is no known pod.
bool matches(const QueryFilter& filter, const SearchContext* context, const Name& name, ResponseCode code);

/// "NXDOMAIN" and the other codes that a reply can have, in any letter case; anything else is an error.
base::Result<ResponseCode> parse_response_code(std::string_view text);
/// "NAMESPACE" or "NAMESPACE/POD"; anything else is an error.
base::Result<kube::ObjectKey> parse_pod_or_namespace(std::string_view text);

}  // namespace fairlead::dns
