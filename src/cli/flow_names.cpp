#include "cli/flow_names.h"

#include "cli/agent_client.h"
#include "cli/flow_names_reader.h"

namespace fairlead::cli {

base::Result<conntrack::FlowNames> fetch_flow_names(const base::SocketAddress& agent) {
    FlowNamesReader reader;
    FAIRLEAD_CHECK(
        fetch_long_page(agent, "/flow-names", [&](std::string_view bytes) { reader.take(bytes); }));
    return reader.finish();
}

}  // namespace fairlead::cli
