#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "lab/connect_probe.h"
#include "lab/many_services.h"
#include "lab/network.h"
#include "lab/state.h"

namespace fairlead::lab {

/// What one change cost.
struct ChangeCost {
    double seconds = 0;             ///< programming it
    double end_to_end_seconds = 0;  ///< from the change of the objects, where that is more
    std::uint64_t peak_memory_bytes = 0;
};

/// One of two equal nodes of a lab, each with a client Pod and a Pod that answers for all endpoints. It is
/// programmed with Services 0 to N by one means or the other.
class Contestant {
  public:
    Contestant(std::string lab, std::string name) : lab_(std::move(lab)), name_(std::move(name)) {}
    virtual ~Contestant() = default;
    Contestant(const Contestant&) = delete;
    Contestant& operator=(const Contestant&) = delete;

    /// Puts the Pods onto node `number`.
    base::Result<void> set_up(Network& network, unsigned number);

    /// Programs all of `count` Services, more than before. iptables begins with an empty table each time.
    virtual base::Result<ChangeCost> program(std::size_t count) = 0;
    /// Moves an endpoint of the last Service to another address.
    virtual base::Result<ChangeCost> change_one() = 0;

    [[nodiscard]] const std::string& name() const { return name_; }
    /// Connection times through Service number `service`, or to an endpoint without any Service.
    base::Result<Percentiles> connect_to_service(std::size_t service, std::size_t samples) const;
    base::Result<Percentiles> connect_directly(std::size_t samples) const;

  protected:
    [[nodiscard]] std::string node_netns() const { return machine_namespace(lab_, name_); }
    [[nodiscard]] StatePaths paths() const { return StatePaths{lab_}; }
    [[nodiscard]] std::string log_path() const { return paths().logs + "/" + name_ + ".log"; }

  private:
    std::string lab_;
    std::string name_;
    std::unique_ptr<ConnectProbe> probe_;
};

/// Rules as kube-proxy's iptables mode writes them, by the iptables-restore of this machine.
std::unique_ptr<Contestant> make_iptables_contestant(const std::string& lab);
/// An agent that reads a directory of manifests.
std::unique_ptr<Contestant> make_fairlead_contestant(const std::string& lab);

}  // namespace fairlead::lab
