#pragma once

#include <string>
#include <string_view>

#include "cli/flow_list.h"

namespace fairlead::cli {

/// Flows that come, change and go, one after the other.
class FlowEvents {
  public:
    /// `names` must outlive it.
    FlowEvents(FlowFormat format, const conntrack::FlowNames& names) : format_(format), names_(names) {}

    /// What to print of one: a line of a table, for JSON a line and for YAML a document with `type` and
    /// `object`, as the Kubernetes API has events. `type`: ADDED, MODIFIED or DELETED.
    std::string text(std::string_view type, const kernel::conntrack::Flow& flow);
    /// That events were lost: whoever keeps a list shall forget it, for all flows that are there follow as
    /// ADDED. Of type RESYNC, with a `message` in place of a flow.
    [[nodiscard]] std::string resync_text() const;

  private:
    /// A line of JSON or a document of YAML.
    [[nodiscard]] std::string document(const std::string& json) const;
    [[nodiscard]] bool is_table() const {
        return format_ == FlowFormat::kTable || format_ == FlowFormat::kWide;
    }

    FlowFormat format_;
    const conntrack::FlowNames& names_;
    Columns columns_;
    bool headed_ = false;
};

}  // namespace fairlead::cli
