#pragma once

// For .cpp files of services/ only: how a trace asks the kernel.

#include "services/packet_trace.h"

namespace fairlead::services {

/// Looks elements up and writes down what was asked, step by step.
class TraceRecorder {
  public:
    TraceRecorder(base::Family family, const TraceSources& sources, PacketTrace& trace);

    void begin(TraceTopic topic) { trace_.steps.push_back({topic, {}, {}, {}}); }
    /// Of the step that was begun last.
    void say(std::string text) { trace_.steps.back().says = std::move(text); }
    void drift(const std::string& how);

    base::Result<std::optional<kernel::nftables::Element>> find(std::string_view set,
                                                                const kernel::nftables::ElementBytes& key);
    base::Result<bool> has(std::string_view set, const kernel::nftables::ElementBytes& key);
    /// The text of the element that find() or has() found last.
    [[nodiscard]] const std::string& last_text() const { return trace_.steps.back().elements.back().text; }

  private:
    [[nodiscard]] const kernel::nftables::Set& set_of(std::string_view name) const;

    const TraceSources& sources_;
    PacketTrace& trace_;
    kernel::nftables::TableContents layout_;
};

}  // namespace fairlead::services
