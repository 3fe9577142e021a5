#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/search_list.h"
#include "dns/search_walk.h"

namespace fairlead::lab {

/// What a resolv.conf tells a resolver.
struct ResolverOptions {
    base::IpAddress nameserver;
    dns::WalkSettings walk;
    std::chrono::milliseconds timeout{5000};  ///< for a reply, before the question is sent again
};
/// From what kubelet writes into a Pod's resolv.conf; the first nameserver counts. kInvalid names what is no
/// address, name or number.
base::Result<ResolverOptions> resolver_options(const dns::ResolverSettings& settings);

/// What a lookup of a name's IPv4 and IPv6 addresses came to.
struct Lookup {
    dns::WalkEnd end = dns::WalkEnd::kTryAgain;  ///< that too if a question was not answered at any attempt
    std::vector<base::IpAddress> addresses{};    ///< sorted
    unsigned queries = 0;                        ///< sent, repeated ones too
    unsigned retries = 0;                        ///< of the question that needed most
    double seconds = 0;

    /// Whether it was told what there is of the name, be it nothing.
    [[nodiscard]] bool was_answered() const {
        return end != dns::WalkEnd::kTryAgain && end != dns::WalkEnd::kFailed;
    }
};

/// Looks names up as glibc's getaddrinfo(3) does: each step of the search walk has a UDP socket of its own
/// that sends the questions for A and AAAA at once and waits for both. Blocks. One thread.
class StubResolver {
  public:
    explicit StubResolver(ResolverOptions options) : options_(std::move(options)) {}

    /// From the network namespace of the calling thread. An error is one of this machine, or a bad name.
    base::Result<Lookup> look_up(std::string_view name);

  private:
    ResolverOptions options_;
    std::uint16_t next_id_ = 1;
};

}  // namespace fairlead::lab
