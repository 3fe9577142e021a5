#include <fmt/format.h>

#include "conntrack/finding_checks.h"

namespace fairlead::conntrack {

namespace {

using std::chrono::seconds;

/// A server that works on a request for longer than this after its client has said FIN is rare.
constexpr seconds kShortCloseWait = std::chrono::minutes(5);
/// kube-proxy's default.
constexpr seconds kLongCloseWait = std::chrono::hours(1);
/// Of the time after which an idle client sends a keepalive.
constexpr int kEstablishedPerKeepalive = 24;
/// A resolver asks again after 5 s, and twice at least.
constexpr seconds kShortUdp{10};
constexpr seconds kLongUdp{180};
/// RFC 4787 REQ-5 asks for two minutes; QUIC and STUN keep alive every 15 to 30 s.
constexpr seconds kShortUdpStream{60};
constexpr seconds kLongUdpStream{600};

struct Fit {
    std::string_view sysctl;
    std::optional<seconds> value;
    std::optional<seconds> at_least;  ///< shorter is short
    std::optional<seconds> at_most;   ///< longer is long
    std::string_view short_name;
    std::string_view why_short;
    std::string_view long_name;
    std::string_view why_long;
    seconds good{};
};

void check_fit(const Fit& fit, std::vector<Finding>& findings) {
    if (!fit.value) return;
    const bool is_short = fit.at_least && *fit.value < *fit.at_least;
    const bool is_long = fit.at_most && *fit.value > *fit.at_most;
    if (!is_short && !is_long) return;
    findings.push_back(
        {is_short ? fit.short_name : fit.long_name, is_short ? Severity::kWarning : Severity::kInfo,
         fmt::format("{} is {} s", fit.sysctl, fit.value->count()), is_short ? fit.why_short : fit.why_long,
         fmt::format("as root on the node: sysctl -w net.netfilter.{}={}", fit.sysctl, fit.good.count())});
}

void check_established(const TimeoutEvidence& timeouts, std::vector<Finding>& findings) {
    if (!timeouts.tcp_keepalive) return;
    const auto keepalive = *timeouts.tcp_keepalive;
    // One keepalive and its repetitions have to arrive before the entry goes.
    constexpr int kGood = 2;
    check_fit({"nf_conntrack_tcp_timeout_established", timeouts.tcp_established, keepalive + seconds(1),
               kEstablishedPerKeepalive * keepalive, "established-timeout-short",
               "An idle connection is forgotten before its first keepalive, and hangs or is reset when it is "
               "used again.",
               "established-timeout-long",
               "A connection whose ends died holds its entry for all this time, long after keepalives would "
               "have renewed one that lives.",
               kGood * keepalive},
              findings);
}

}  // namespace

void check_timeouts(const Evidence& evidence, std::vector<Finding>& findings) {
    const auto& timeouts = evidence.timeouts;
    check_established(timeouts, findings);
    constexpr seconds kGoodUdp{30};
    constexpr seconds kGoodUdpStream{120};
    check_fit({"nf_conntrack_tcp_timeout_close_wait", timeouts.tcp_close_wait, kShortCloseWait,
               kLongCloseWait, "close-wait-timeout-short",
               "A client that has said FIN and reads on is forgotten after this: an answer that comes later "
               "does not reach it, and the server's connection is reset.",
               "close-wait-timeout-long",
               "Connections that one end has closed hold their entries for as long, by the thousand where "
               "clients hang up first (kube-proxy sets one hour, the kernel one minute).",
               kLongCloseWait},
              findings);
    check_fit({"nf_conntrack_udp_timeout", timeouts.udp, kShortUdp, kLongUdp, "udp-timeout-short",
               "An answer that is late finds no entry and does not reach its client.", "udp-timeout-long",
               "Every DNS query holds an entry for as long.", kGoodUdp},
              findings);
    check_fit(
        {"nf_conntrack_udp_timeout_stream", timeouts.udp_stream, kShortUdpStream, kLongUdpStream,
         "udp-stream-timeout-short",
         "QUIC, VoIP and WireGuard sessions that pause are moved to another endpoint.",
         "udp-stream-timeout-long", "Sessions that ended hold their entries for as long.", kGoodUdpStream},
        findings);
}

}  // namespace fairlead::conntrack
