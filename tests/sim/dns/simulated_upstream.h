#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "dns/forwarder.h"
#include "dns/message.h"

namespace fairlead::test {

/// What is true of a name, computed from it: names that begin with "x" are not there, with "e" have nothing
/// of the type, with "c" are aliases of one that has an address. The address is one for each (name, type).
dns::Message truth(const dns::Question& question);

/// The name that "c..." is an alias of.
dns::Name alias_target(const dns::Name& name);
/// The only right address for the question.
base::IpAddress true_address(const dns::Name& name, dns::RecordType type);
/// What forged replies carry.
base::IpAddress forged_address();

/// A recursive server with its faults.
class SimulatedUpstream {
  public:
    // How it behaves from now on; chances are out of 100.
    unsigned loss = 0;
    unsigned errors = 0;      ///< SERVFAIL, REFUSED
    unsigned truncation = 0;  ///< of UDP replies
    unsigned garbage = 0;     ///< a reply whose records are cut off
    unsigned duplicates = 0;
    base::Duration least_delay = std::chrono::milliseconds(1);
    base::Duration most_delay = std::chrono::milliseconds(30);
    bool refuses = false;  ///< nothing listens
    bool silent = false;
    bool lame = false;
    bool has_edns = true;
    bool has_tcp = true;
    bool keeps_case = true;

    /// No fault from now on, but for what it cannot do.
    void recover();
    /// Other faults from now on.
    void change(base::Random& random);

    struct Reaction {
        base::Duration delay{};
        std::optional<std::vector<std::uint8_t>> packet;  ///< nullopt: an error of the socket
    };
    /// What comes of a query; nothing if it is lost.
    std::vector<Reaction> react(const dns::OutgoingQuery& query, base::Random& random) const;

  private:
    [[nodiscard]] std::vector<std::uint8_t> reply(const dns::OutgoingQuery& query,
                                                  base::Random& random) const;
};

}  // namespace fairlead::test
