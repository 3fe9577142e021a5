#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "conntrack/flow_selection.h"

namespace fairlead::cli {

/// The filters of `conntrack get` and `delete` as they stand on the line; what is empty is not given.
struct FlowArguments {
    std::string service;
    std::string pod;
    std::string namespace_name = "default";
    std::string endpoint;
    std::string address;
    std::string source;
    std::string destination;
    std::optional<std::uint16_t> port;
    std::string protocol;
    std::string state;
    bool unreplied = false;
    bool stale = false;
    std::optional<std::uint16_t> zone;
    std::string mark;
};

/// What they select. kInvalid names the option that is wrong.
base::Result<conntrack::FlowSelection> selection_of(const FlowArguments& arguments);

/// The states that --state takes, as conntrack(8) spells them.
std::vector<std::string> tcp_state_names();

}  // namespace fairlead::cli
