#include "kernel/conntrack/flow_filter.h"

#include <string>
#include <string_view>
#include <utility>

namespace fairlead::kernel::conntrack {

namespace {

template <class Value>
bool agrees(const std::optional<Value>& wanted, const Value& actual) {
    return !wanted || *wanted == actual;
}

bool matches(const TupleFilter& filter, const Tuple& tuple) {
    return agrees(filter.source, tuple.source) && agrees(filter.destination, tuple.destination) &&
           agrees(filter.source_port, tuple.source_port) &&
           agrees(filter.destination_port, tuple.destination_port);
}

bool matches(const BitsFilter& filter, std::uint32_t actual) {
    return (actual & filter.mask) == filter.value;
}

}  // namespace

bool matches(const FlowFilter& filter, const Flow& flow) {
    return agrees(filter.protocol, flow.protocol) && agrees(filter.family, flow.family()) &&
           agrees(filter.zone, flow.zone.id) && matches(filter.original, flow.original) &&
           matches(filter.reply, flow.reply) && matches(filter.status, flow.status) &&
           matches(filter.mark, flow.mark);
}

base::Result<std::optional<base::Family>> family_of(const FlowFilter& filter) {
    const std::pair<std::string_view, const std::optional<base::IpAddress>&> addresses[] = {
        {"original source", filter.original.source},
        {"original destination", filter.original.destination},
        {"reply source", filter.reply.source},
        {"reply destination", filter.reply.destination},
    };
    std::optional<base::Family> family = filter.family;
    for (const auto& [name, address] : addresses) {
        if (!address) continue;
        if (family && *family != address->family())
            return base::fail(base::ErrorCode::kInvalid,
                              "flow filter: " + std::string(name) + " " + address->to_string() +
                                  " cannot occur in a flow of " + std::string(base::name_of(*family)));
        family = address->family();
    }
    return family;
}

base::Result<void> check_names_something(const FlowFilter& filter) {
    if (filter != FlowFilter{}) return {};
    return base::fail(base::ErrorCode::kInvalid, "flow filter: it names nothing and would match every flow");
}

}  // namespace fairlead::kernel::conntrack
