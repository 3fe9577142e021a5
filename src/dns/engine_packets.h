#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "dns/outgoing_query.h"

namespace fairlead::dns {

/// How clients may ask.
enum class ClientTransport : std::uint8_t { kUdp, kTcp };

/// "udp" or "tcp".
std::string_view name_of(ClientTransport transport);

/// Who sent a packet.
struct Client {
    base::IpAddress source;
    ClientTransport transport = ClientTransport::kUdp;
    std::uint64_t token = 0;  ///< names this packet in a late reply
};

/// What becomes of a packet at once.
enum class Handling : std::uint8_t {
    kReply,    ///< its reply is written
    kLater,    ///< a LateReply will come, or none
    kSilence,  ///< it gets none
};
struct Handled {
    Handling handling = Handling::kSilence;
    std::size_t reply_bytes = 0;  ///< of kReply
};

/// The reply to a packet that could not be answered at once.
struct LateReply {
    std::uint64_t token = 0;  ///< of the Client
    std::vector<std::uint8_t> bytes{};
};
/// What is to be sent.
struct EngineOutput {
    std::vector<LateReply> replies{};
    std::vector<OutgoingQuery> queries{};
    std::vector<ExchangeId> closed_exchanges{};  ///< nothing more is wanted of these

    void clear() {
        replies.clear();
        queries.clear();
        closed_exchanges.clear();
    }
};

}  // namespace fairlead::dns
