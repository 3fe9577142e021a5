#include "lab/segment_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace fairlead::lab {

namespace {

constexpr std::size_t kLinesBeforeRemark = 4;

/// Sequence numbers that the two sides began with.
struct Origins {
    std::optional<std::uint32_t> client;
    std::optional<std::uint32_t> server;
    std::uint32_t server_next = 0;  ///< what the client waits for

    /// Learns from a segment of the connection.
    void learn(const SeenSegment& one) {
        auto& origin = one.sent ? client : server;
        if (!origin) origin = one.segment.sequence;
        if (!one.sent) server_next = one.segment.next_sequence();
    }
    [[nodiscard]] std::uint32_t relative(bool sent, std::uint32_t sequence) const {
        return sequence - (sent ? client : server).value_or(0);
    }
};

bool is_of(const SeenSegment& one, const base::SocketAddress& client, const base::IpAddress& peer) {
    const auto& own = one.sent ? one.segment.source : one.segment.destination;
    const auto& other = one.sent ? one.segment.destination : one.segment.source;
    return own == client && other.address == peer;
}

std::string remark_on(const SeenSegment& one, bool from_service, const Origins& origins) {
    constexpr std::int32_t kFar = 1 << 20;
    const auto& segment = one.segment;
    const bool reset = segment.has(net::tcp_flag::kReset);
    if (!from_service) {
        if (one.sent && reset) return "RST to the Pod: it ends a connection that was well";
        if (one.sent) return "to the Pod, not to the Service";
        return "from the Pod's address, not from the Service: nobody has that socket";
    }
    if (reset) return one.sent ? "RST of the client" : "RST: the server has this connection no more";
    if (!one.sent && origins.server &&
        static_cast<std::int32_t>(segment.sequence - origins.server_next) > kFar)
        return "far above the window";
    return "";
}

/// A line of the trace, by columns.
struct Line {
    std::vector<std::string> cells;
    bool remarkable = false;
};

Line line_of(const SeenSegment& one, bool from_service, const Origins& origins, double start,
             const Style& style) {
    const auto& segment = one.segment;
    const char* const arrow = one.sent ? "->" : "<-";
    const auto& peer = one.sent ? segment.destination : segment.source;
    auto remark = remark_on(one, from_service, origins);
    const bool remarkable = !remark.empty();
    if (remarkable) remark = coloured(style, kRed, remark);
    return {
        {fmt::format("{:.3f} s", one.seconds - start), fmt::format("client {} {}", arrow, peer.to_string()),
         format_flags(segment), fmt::format("seq {}", origins.relative(one.sent, segment.sequence)),
         fmt::format("{} B", segment.payload_bytes), std::move(remark)},
        remarkable};
}

std::vector<Line> lines_of(const std::vector<SeenSegment>& seen, const TracedConnection& connection,
                           const Style& style) {
    std::vector<Line> lines;
    Origins origins;
    for (const auto& one : seen) {
        const bool from_service = is_of(one, connection.client, connection.service.address);
        if (!from_service && !is_of(one, connection.client, connection.endpoint)) continue;
        if (from_service && one.segment.has(net::tcp_flag::kSyn)) origins.learn(one);
        lines.push_back(line_of(one, from_service, origins, seen.front().seconds, style));
        if (from_service && !lines.back().remarkable) origins.learn(one);
    }
    return lines;
}

}  // namespace

std::string format_flags(const net::TcpSegment& segment) {
    std::string text;
    const std::pair<std::uint8_t, char> letters[] = {{net::tcp_flag::kSyn, 'S'},
                                                     {net::tcp_flag::kFin, 'F'},
                                                     {net::tcp_flag::kReset, 'R'},
                                                     {net::tcp_flag::kPush, 'P'},
                                                     {net::tcp_flag::kAck, '.'}};
    for (const auto& [flag, letter] : letters)
        if (segment.has(flag)) text += letter;
    return text.empty() ? "none" : text;
}

std::size_t count_resets(const std::vector<SeenSegment>& seen) {
    return static_cast<std::size_t>(std::ranges::count_if(
        seen, [](const SeenSegment& one) { return one.segment.has(net::tcp_flag::kReset); }));
}

std::string render_trace(const std::vector<SeenSegment>& seen, const TracedConnection& connection,
                         std::size_t most, const Style& style) {
    auto lines = lines_of(seen, connection, style);
    const auto remark = std::ranges::find_if(lines, &Line::remarkable);
    auto first = std::ranges::begin(lines);
    if (lines.size() > most && remark - first > static_cast<std::ptrdiff_t>(kLinesBeforeRemark))
        first = remark == lines.end() ? lines.end() - static_cast<std::ptrdiff_t>(most)
                                      : remark - static_cast<std::ptrdiff_t>(kLinesBeforeRemark);
    const auto shown = std::min(static_cast<std::size_t>(lines.end() - first), most);
    std::vector<std::vector<std::string>> rows = {
        {"TIME", "SEEN AT THE CLIENT", "FLAGS", "SEQUENCE", "DATA", ""}};
    for (auto line = first; line != first + static_cast<std::ptrdiff_t>(shown); ++line)
        rows.push_back(std::move(line->cells));
    auto text = render_table(rows);
    const auto before = static_cast<std::size_t>(first - lines.begin());
    const auto after = lines.size() - before - shown;
    if (before + after > 0) text += fmt::format("({} segments before, {} after these)\n", before, after);
    return text;
}

}  // namespace fairlead::lab
