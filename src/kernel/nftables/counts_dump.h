#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "kernel/netlink/answer_reader.h"
#include "kernel/netlink/socket.h"
#include "kernel/nftables/objects.h"

namespace fairlead::kernel::nftables {

/// Reads what the elements of a set have counted piece by piece, for an event loop that has other things to
/// do: the kernel makes the next few hundred elements when the last ones are taken. It is no snapshot: what
/// packets or commits do to the set meanwhile may make an element come twice or not at all
/// (NftTables::read_counts knows better, and takes all of it at once).
class CountsDump {
  public:
    static base::Result<CountsDump> open();

    /// Readable while there is something to take.
    [[nodiscard]] int fd() const { return socket_.fd(); }

    /// Asks for the elements of a set. One dump at a time: not before take() has said that the last one is
    /// over; after an error open another.
    base::Result<void> begin(base::Family family, std::string_view table, std::string_view set);

    /// Takes one datagram, if there is one, and calls `visit` for each element in it. True when the dump is
    /// over. kNotFound: there is no such set.
    base::Result<bool> take(const std::function<void(const Element&, Counts)>& visit);

  private:
    explicit CountsDump(netlink::Socket socket) : socket_(std::move(socket)) {}

    netlink::Socket socket_;
    std::optional<netlink::AnswerReader> answer_;
};

}  // namespace fairlead::kernel::nftables
