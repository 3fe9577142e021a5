#include "cli/flow_watch.h"

#include <utility>

#include "cli/conntrack_output.h"
#include "cli/flow_events.h"
#include "kernel/conntrack/monitor.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "kernel/netlink/retry.h"
#include "net/event_loop.h"

namespace fairlead::cli {

namespace {

using base::Result;
using kernel::conntrack::ConntrackMonitor;
using kernel::conntrack::Flow;
using kernel::conntrack::FlowEvent;
using kernel::conntrack::FlowEventKind;
using kernel::conntrack::NetlinkConntrackTable;

std::string_view type_of(FlowEventKind kind) {
    switch (kind) {
        case FlowEventKind::kNew:
            return "ADDED";
        case FlowEventKind::kUpdate:
            return "MODIFIED";
        case FlowEventKind::kDestroy:
            return "DELETED";
    }
    return "MODIFIED";
}

}  // namespace

Result<void> watch_flows(const conntrack::FlowSelection& selection, const conntrack::FlowNames& names,
                         FlowFormat format) {
    FlowEvents events{format, names};
    const auto show = [&](std::string_view type, const Flow& flow) {
        if (selects(selection, names, flow)) print(events.text(type, flow));
    };
    bool read_anew = true;
    ConntrackMonitor::Listener listener;
    listener.event = [&](const FlowEvent& event) { show(type_of(event.kind), event.flow); };
    listener.lost = [&] {
        tell("events were lost; reading the table anew");
        print(events.resync_text());
        read_anew = true;
    };
    FAIRLEAD_TRY(auto monitor, ConntrackMonitor::open(std::move(listener)));
    FAIRLEAD_TRY(auto table, NetlinkConntrackTable::open());
    net::EventLoop loop;
    Result<void> outcome;
    const auto turn = [&] {
        outcome = monitor.drain();
        if (outcome && std::exchange(read_anew, false))
            outcome = kernel::netlink::retried([&] {
                return table.for_each_flow(selection.filter, [&](const Flow& flow) { show("ADDED", flow); });
            });
        if (!outcome) loop.stop();
    };
    FAIRLEAD_TRY(const auto watch, loop.watch_readable(monitor.fd(), turn));
    loop.post(turn);
    loop.run();
    return outcome;
}

}  // namespace fairlead::cli
