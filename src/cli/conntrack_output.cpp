#include "cli/conntrack_output.h"

#include <cstdio>
#include <string>

#include "cli/flow_names.h"

namespace fairlead::cli {

void tell(std::string_view line) {
    std::fprintf(stderr, "fairlead: %.*s\n", static_cast<int>(line.size()), line.data());
}

int status_of(const base::Result<void>& done) {
    if (!done) tell(done.error().message);
    return done ? 0 : 1;
}

conntrack::FlowNames names_or_none(const base::SocketAddress& agent) {
    auto names = fetch_flow_names(agent);
    if (names) return *std::move(names);
    tell("addresses instead of names: " + names.error().message);
    return {};
}

}  // namespace fairlead::cli
