#pragma once

#include <string>
#include <vector>

#include "lab/terminal.h"
#include "net/tcp_segment.h"

namespace fairlead::lab {

/// A segment as the client's device saw it.
struct SeenSegment {
    bool sent = false;   ///< by the client; otherwise to it
    double seconds = 0;  ///< on a clock of the trace's own
    net::TcpSegment segment;
};

/// What a trace is about: the connection as the client knows it.
struct TracedConnection {
    base::SocketAddress client;
    base::SocketAddress service;
    base::IpAddress endpoint;  ///< of the Pod behind the Service
};

/// Segments of the connection, or between its client and its endpoint, one per line and in order: time,
/// direction, addresses, flags, sequence relative to the connection's SYN, length, and a word about what is
/// not as it should be. Of more than `most` lines those before the first remarkable one are left out, and
/// the number of lines left out is told. Pure.
std::string render_trace(const std::vector<SeenSegment>& seen, const TracedConnection& connection,
                         std::size_t most, const Style& style);

/// "S", "S.", "P.", "F.", "R", "R.": as tcpdump(8) has it, "." is an ACK.
std::string format_flags(const net::TcpSegment& segment);

/// How many resets the client sent and received.
std::size_t count_resets(const std::vector<SeenSegment>& seen);

}  // namespace fairlead::lab
