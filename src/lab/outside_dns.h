#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "dns/message.h"
#include "net/udp_batch_socket.h"

namespace fairlead::lab {

/// Hosts below example.com that the Internet of a case has, numbered from 0, and their names.
inline constexpr unsigned kOutsideHosts = 20;
std::string outside_name(unsigned host);

/// What the Internet says of a name: each host has an IPv4 and an IPv6 address (RFC 5737, RFC 3849), other
/// names do not exist. Pure. `query` has one question.
dns::Message answer_as_internet(const dns::Message& query);

/// The DNS server that nodes ask about everything outside of the cluster. UDP only. It ends with this object.
class OutsideDns {
  public:
    /// Answers at port 53 of `address` in a network namespace.
    static base::Result<std::unique_ptr<OutsideDns>> start(std::string_view netns,
                                                           const base::IpAddress& address);

  private:
    explicit OutsideDns(net::UdpBatchSocket socket);
    void serve(const std::stop_token& stop);
    void answer(const net::UdpBatchSocket::Datagram& datagram);

    net::UdpBatchSocket socket_;
    std::jthread thread_;
};

}  // namespace fairlead::lab
