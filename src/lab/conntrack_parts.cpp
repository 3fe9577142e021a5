#include "lab/conntrack_parts.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>
#include <thread>

#include "lab/packet_tap.h"
#include "lab/table_filler.h"

namespace fairlead::lab {

namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kChunkBytes = ClientConnection::kMostChunkBytes;

Transfer transfer_of_chunks(std::size_t chunks) {
    Transfer transfer;
    transfer.wanted_bytes = chunks * kChunkBytes;
    return transfer;
}

/// Asks for what `transfer` still wants, until `bytes` are there or it ended.
void fetch(ClientConnection& connection, std::size_t bytes, Transfer& transfer) {
    while (transfer.end == Transfer::End::kComplete && transfer.received_bytes < bytes)
        connection.ask(kChunkBytes, transfer);
}

/// A segment of the server as it would send it next, but `too_high` above its sequence number.
Result<net::TcpSegment> forge(const std::vector<SeenSegment>& seen, const TracedConnection& connection,
                              const base::SocketAddress& endpoint, std::uint32_t too_high) {
    constexpr std::uint32_t kPayloadBytes = 16;
    const auto from_service = [&](const SeenSegment& one) {
        return !one.sent && one.segment.source == connection.service &&
               one.segment.destination == connection.client;
    };
    const auto last = std::ranges::find_if(seen | std::views::reverse, from_service);
    if (last == seen.rend())
        return base::fail(base::ErrorCode::kInternal, "no segment of the connection was seen");
    net::TcpSegment forged = last->segment;
    forged.source = endpoint;
    forged.sequence = last->segment.next_sequence() + too_high;
    forged.flags = net::tcp_flag::kPush | net::tcp_flag::kAck;
    forged.payload_bytes = kPayloadBytes;
    return forged;
}

/// Until conntrack has judged a packet more than at `before`: the forged one, and all that it caused, for
/// a packet's way through virtual cables is walked by its sender.
Result<void> wait_for_judgement(const ConntrackStage& stage, const NodeCounts& before) {
    constexpr auto kPatience = std::chrono::seconds(2);
    constexpr auto kPause = std::chrono::milliseconds(10);
    const auto end = Clock::now() + kPatience;
    for (;;) {
        FAIRLEAD_TRY(const auto now, stage.counts());
        if (now.invalid > before.invalid) break;
        if (Clock::now() > end)
            return base::fail(base::ErrorCode::kUnsupported,
                              "this kernel does not call a segment above the window INVALID; is "
                              "nf_conntrack_tcp_be_liberal on?");
        std::this_thread::sleep_for(kPause);
    }
    std::this_thread::sleep_for(kPause);
    return {};
}

/// Opens a connection, lets `disturb` have it, and tells what was seen and counted from before to after.
template <class Disturb>
Result<DisturbedTransfer> observe(const ConntrackStage& stage, base::Family family, Disturb disturb) {
    FAIRLEAD_TRY(auto tap, PacketTap::open(stage.client_netns()));
    FAIRLEAD_TRY(const auto before, stage.counts());
    FAIRLEAD_TRY(auto connection, ClientConnection::open(stage, family));
    DisturbedTransfer result;
    result.connection = {connection.client(), stage.service(family), stage.endpoint(family).address};
    FAIRLEAD_CHECK(disturb(connection, tap, before, result));
    FAIRLEAD_TRY(const auto after, stage.counts());
    result.counts = after - before;
    result.seen = tap.seen();
    return result;
}

}  // namespace

Result<DisturbedTransfer> send_segment_above_window(const ConntrackStage& stage, base::Family family) {
    constexpr std::size_t kChunks = 64;
    constexpr std::uint32_t kTooHigh = 10'000'000;
    return observe(stage, family,
                   [&](ClientConnection& connection, PacketTap& tap, const NodeCounts& before,
                       DisturbedTransfer& result) -> Result<void> {
                       result.transfer = transfer_of_chunks(kChunks);
                       fetch(connection, result.transfer.wanted_bytes / 2, result.transfer);
                       FAIRLEAD_TRY(const auto forged,
                                    forge(tap.seen(), result.connection, stage.endpoint(family), kTooHigh));
                       FAIRLEAD_CHECK(send_packet(stage.server_netns(), forged));
                       FAIRLEAD_CHECK(wait_for_judgement(stage, before));
                       fetch(connection, result.transfer.wanted_bytes, result.transfer);
                       return {};
                   });
}

Result<DisturbedTransfer> answer_late_after_fin(const ConntrackStage& stage, base::Family family) {
    constexpr std::size_t kChunks = 16;
    constexpr auto kThinking = std::chrono::seconds(2);
    return observe(stage, family,
                   [&](ClientConnection& connection, PacketTap&, const NodeCounts&,
                       DisturbedTransfer& result) -> Result<void> {
                       auto& transfer = result.transfer;
                       transfer = transfer_of_chunks(kChunks);
                       FAIRLEAD_CHECK(connection.close_clients_half());
                       std::this_thread::sleep_for(kThinking);
                       while (transfer.end == Transfer::End::kComplete &&
                              transfer.received_bytes < transfer.wanted_bytes)
                           connection.send_unasked(kChunkBytes, transfer);
                       return {};
                   });
}

namespace {

Result<Transfer> try_new_connection(const ConntrackStage& stage, std::size_t chunks) {
    auto transfer = transfer_of_chunks(chunks);
    auto connection = ClientConnection::open(stage, base::Family::kIpv4);
    if (connection) {
        fetch(*connection, transfer.wanted_bytes, transfer);
        return transfer;
    }
    if (connection.error().code != base::ErrorCode::kUnavailable) return std::unexpected(connection.error());
    transfer.end = Transfer::End::kNoConnection;
    return transfer;
}

}  // namespace

Result<FullTable> fill_the_table(const ConntrackStage& stage) {
    constexpr std::size_t kChunks = 4;
    FAIRLEAD_TRY(auto old, ClientConnection::open(stage, base::Family::kIpv4));
    FullTable result;
    const auto start = Clock::now();
    FAIRLEAD_TRY(result.entries, fill_conntrack_table(stage.node_netns()));
    result.fill_seconds = std::chrono::duration<double>(Clock::now() - start).count();
    FAIRLEAD_TRY(const auto before, stage.counts());
    FAIRLEAD_TRY(result.new_connection, try_new_connection(stage, kChunks));
    result.old_connection = transfer_of_chunks(kChunks);
    fetch(old, result.old_connection.wanted_bytes, result.old_connection);
    FAIRLEAD_TRY(const auto after, stage.counts());
    result.counts = after - before;
    FAIRLEAD_TRY(const auto removed, remove_filling(stage.node_netns()));
    if (removed == 0) return base::fail(base::ErrorCode::kInternal, "the filling of the table is gone");
    FAIRLEAD_TRY(result.afterwards, try_new_connection(stage, kChunks));
    return result;
}

}  // namespace fairlead::lab
