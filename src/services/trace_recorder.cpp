#include "services/trace_recorder.h"

#include <algorithm>

#include "base/assert.h"
#include "kernel/nftables/describe_element.h"
#include "services/layout.h"

namespace fairlead::services {

using kernel::nftables::Element;
using kernel::nftables::ElementBytes;
using kernel::nftables::Set;

TraceRecorder::TraceRecorder(base::Family family, const TraceSources& sources, PacketTrace& trace)
    : sources_(sources), trace_(trace), layout_(layout(family)) {}

void TraceRecorder::drift(const std::string& how) {
    auto& known = trace_.steps.back().drift;
    known += (known.empty() ? "" : "; ") + how;
}

const Set& TraceRecorder::set_of(std::string_view name) const {
    const auto found = std::ranges::find(layout_.sets, name, &Set::name);
    FAIRLEAD_ASSERT(found != layout_.sets.end());
    return *found;
}

base::Result<std::optional<Element>> TraceRecorder::find(std::string_view set, const ElementBytes& key) {
    FAIRLEAD_TRY(auto found, sources_.find(set, key));
    const auto& definition = set_of(set);
    trace_.steps.back().elements.push_back(
        {std::string(set),
         found ? describe(definition, *found) : kernel::nftables::describe_key(definition, key),
         found.has_value()});
    if (!found) return std::nullopt;
    return std::move(found->element);
}

base::Result<bool> TraceRecorder::has(std::string_view set, const ElementBytes& key) {
    FAIRLEAD_TRY(const auto found, find(set, key));
    return found.has_value();
}

}  // namespace fairlead::services
