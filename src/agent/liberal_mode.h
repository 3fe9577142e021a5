#pragma once

namespace fairlead::agent {

/// Remembers what nf_conntrack_tcp_be_liberal of this network namespace was before the ConntrackSizer
/// wrote 1: what the agent has changed it puts back, what an administrator set it leaves.
class LiberalMode {
  public:
    /// To be called before ConntrackSizer::configure(). `liberal`: that is going to write 1.
    void prepare(bool liberal);

  private:
    bool wrote_ = false;
};

}  // namespace fairlead::agent
