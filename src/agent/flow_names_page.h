#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "conntrack/flow_names.h"
#include "services/answering_ports.h"

namespace fairlead::agent {

/// The page /flow-names, with a query as parse_service_query takes it: of each Service, sorted, its ports
/// with the addresses at which they are reached and the endpoints that may answer, with their Pods. It is
/// what a program needs to say which Service and which Pod an entry of conntrack is about. One JSON document,
/// with each Service on a line of its own, so that a reader needs memory for one at a time.
base::Result<std::string> flow_names_json(const services::ServiceProxy& proxy, std::string_view query);

/// The same for the agent itself.
conntrack::FlowNames flow_names(const services::AnsweringPortsSource& source);

}  // namespace fairlead::agent
