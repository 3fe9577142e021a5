#include "lab/segment_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

namespace fairlead::lab {
namespace {

namespace tcp_flag = net::tcp_flag;

base::SocketAddress at(std::string_view text) {
    return base::SocketAddress::parse(text).value();
}

net::TcpSegment segment(std::string_view from, std::string_view to, std::uint8_t flags,
                        std::uint32_t sequence, std::uint32_t payload) {
    return {at(from), at(to), sequence, 77, flags, 502, payload};
}

constexpr Style kPlain{false, false};
constexpr const char* kClient = "10.64.1.2:40000";
constexpr const char* kService = "10.96.0.80:80";
constexpr const char* kEndpoint = "10.64.1.3:8080";
constexpr std::uint8_t kData = tcp_flag::kPush | tcp_flag::kAck;

TracedConnection traced() {
    return {at(kClient), at(kService), at(kEndpoint).address};
}

std::vector<SeenSegment> conversation() {
    return {
        {true, 100.000, segment(kClient, kService, tcp_flag::kSyn, 1000, 0)},
        {false, 100.001, segment(kService, kClient, tcp_flag::kSyn | tcp_flag::kAck, 5000, 0)},
        {true, 100.002, segment(kClient, kService, tcp_flag::kAck, 1001, 0)},
        {true, 100.003, segment(kClient, kService, kData, 1001, 1)},
        {false, 100.004, segment(kService, kClient, kData, 5001, 800)},
    };
}

void expect_trace(const std::vector<SeenSegment>& seen, std::size_t most, std::string_view wanted) {
    EXPECT_EQ(render_trace(seen, traced(), most, kPlain), wanted);
}

TEST(SegmentTrace, SaysWhatIsWrongWithAReset) {
    auto seen = conversation();
    seen.push_back({false, 100.005, segment(kEndpoint, kClient, kData, 10'005'801, 16)});
    seen.push_back({true, 100.005, segment(kClient, kEndpoint, tcp_flag::kReset, 1002, 0)});
    seen.push_back({true, 100.006, segment(kClient, kService, kData, 1002, 1)});
    seen.push_back({false, 100.006, segment(kService, kClient, tcp_flag::kReset, 5801, 0)});
    seen.push_back({true, 100.007, segment("10.64.1.2:5", "10.64.9.9:6", kData, 1, 1)});  // somebody else's
    expect_trace(seen, 20, R"(TIME     SEEN AT THE CLIENT        FLAGS  SEQUENCE       DATA
0.000 s  client -> 10.96.0.80:80   S      seq 0           0 B
0.001 s  client <- 10.96.0.80:80   S.     seq 0           0 B
0.002 s  client -> 10.96.0.80:80   .      seq 1           0 B
0.003 s  client -> 10.96.0.80:80   P.     seq 1           1 B
0.004 s  client <- 10.96.0.80:80   P.     seq 1         800 B
0.005 s  client <- 10.64.1.3:8080  P.     seq 10000801   16 B  from the Pod's address, not from the Service: nobody has that socket
0.005 s  client -> 10.64.1.3:8080  R      seq 2           0 B  RST to the Pod: it ends a connection that was well
0.006 s  client -> 10.96.0.80:80   P.     seq 2           1 B
0.006 s  client <- 10.96.0.80:80   R      seq 801         0 B  RST: the server has this connection no more
)");
    EXPECT_EQ(count_resets(seen), 2U);
}

TEST(SegmentTrace, SaysThatATranslatedSegmentIsFarAboveTheWindow) {
    auto seen = conversation();
    seen.push_back({false, 100.005, segment(kService, kClient, kData, 10'005'801, 16)});
    EXPECT_THAT(render_trace(seen, traced(), 20, kPlain), testing::HasSubstr("far above the window"));
}

TEST(SegmentTrace, LeavesOutWhatIsBeforeAndAfter) {
    auto seen = conversation();
    seen.push_back({true, 100.005, segment(kClient, kService, tcp_flag::kReset, 1002, 0)});
    expect_trace(seen, 3, R"(TIME     SEEN AT THE CLIENT       FLAGS  SEQUENCE  DATA
0.001 s  client <- 10.96.0.80:80  S.     seq 0      0 B
0.002 s  client -> 10.96.0.80:80  .      seq 1      0 B
0.003 s  client -> 10.96.0.80:80  P.     seq 1      1 B
(1 segments before, 2 after these)
)");
    expect_trace(conversation(), 2, R"(TIME     SEEN AT THE CLIENT       FLAGS  SEQUENCE   DATA
0.003 s  client -> 10.96.0.80:80  P.     seq 1       1 B
0.004 s  client <- 10.96.0.80:80  P.     seq 1     800 B
(3 segments before, 0 after these)
)");
    expect_trace({}, 5, "TIME  SEEN AT THE CLIENT  FLAGS  SEQUENCE  DATA\n");
}

}  // namespace
}  // namespace fairlead::lab
