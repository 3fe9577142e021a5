#include "cli/observed_peak.h"

#include <simdjson.h>

#include "cli/agent_client.h"

namespace fairlead::cli {

std::optional<std::uint64_t> observed_peak(const base::SocketAddress& agent) {
    const auto page = fetch_page(agent, "/conntrack");
    return page ? parse_observed_peak(page->body) : std::nullopt;
}

std::optional<std::uint64_t> parse_observed_peak(std::string_view page) {
    simdjson::dom::parser parser;
    std::uint64_t peak = 0;
    if (parser.parse(page.data(), page.size())["peak"].get(peak)) return std::nullopt;
    return peak;
}

}  // namespace fairlead::cli
