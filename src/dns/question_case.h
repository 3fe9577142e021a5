#pragma once

#include <chrono>
#include <cstdint>

#include "base/time.h"
#include "dns/name.h"
#include "dns/secure_random.h"

namespace fairlead::dns {

/// `name` with each letter in upper or lower case at random, one bit of protection against forged replies for
/// each letter ("0x20", draft-vixie-dnsext-dns0x20): servers copy the question into the reply as it came.
Name with_random_case(const Name& name, SecureRandom& random);

/// Whether the two are the same also in the case of their letters.
bool same_case(const Name& a, const Name& b);

/// What is known about one upstream's way with letter case. A reply with everything right but the case is
/// dropped as forged. Two of them without a right one in between mean a server that does not keep the case,
/// or a forger who wants us to think so; a question over TCP, which nobody can forge from aside, tells which.
/// A server without TCP is believed after the second time, or there would be no answers from it. Either way
/// it is tried anew after an hour.
class CaseKeeping {
  public:
    enum class Mode : std::uint8_t {
        kRandomCase,  ///< ask with random case over UDP
        kAskByTcp,    ///< ask with random case over TCP, to find out
        kLowerCase,   ///< ask as it is: this server does not keep the case
    };
    static constexpr base::Duration kLowerCaseFor = std::chrono::hours(1);

    [[nodiscard]] Mode mode(base::TimePoint now) const;
    /// A UDP reply to a question with random case came back in another case.
    void wrong_case_by_udp(base::TimePoint now);
    void right_case_by_udp();
    /// The reply over TCP that kAskByTcp asked for.
    void answered_by_tcp(base::TimePoint now, bool right_case);
    void tcp_failed(base::TimePoint now);

  private:
    bool ask_by_tcp_ = false;
    unsigned wrong_ = 0;         // since the last right one
    unsigned tcp_failures_ = 0;  // as well
    base::TimePoint lower_case_until_{};
};

}  // namespace fairlead::dns
