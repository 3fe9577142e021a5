#include "kernel/conntrack/flow_event.h"

namespace fairlead::kernel::conntrack {

std::string_view name_of(FlowEventKind kind) {
    switch (kind) {
        case FlowEventKind::kNew:
            return "NEW";
        case FlowEventKind::kUpdate:
            return "UPDATE";
        case FlowEventKind::kDestroy:
            return "DESTROY";
    }
    return "";
}

}  // namespace fairlead::kernel::conntrack
