#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <limits>
#include <set>

#include "kernel/nftables/netlink_nft_tables.h"
#include "support/command.h"
#include "support/nft_fixture.h"
#include "support/sticky_table.h"

// Real packets through dynamic maps, counts, ranges and names: what the kernel makes of them.
namespace fairlead::kernel::nftables {
namespace {

using base::Family;
using test::output_of;

/// A UDP socket bound to an address of this host.
class Endpoint {
  public:
    Endpoint(Family family, const std::string& address, std::uint16_t port)
        : family_(family), descriptor_(socket(domain(), SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        const auto [bytes, size] = socket_address(address, port);
        EXPECT_EQ(bind(descriptor_, reinterpret_cast<const sockaddr*>(&bytes), size), 0)
            << address << ": " << std::strerror(errno);
    }
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;
    ~Endpoint() { close(descriptor_); }

    void send(const std::string& address, std::uint16_t port) const {
        const auto [bytes, size] = socket_address(address, port);
        EXPECT_EQ(sendto(descriptor_, "x", 1, 0, reinterpret_cast<const sockaddr*>(&bytes), size), 1)
            << address << ": " << std::strerror(errno);
    }
    void take() const {
        std::array<char, 8> buffer{};
        EXPECT_GT(recv(descriptor_, buffer.data(), buffer.size(), 0), 0);
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

  private:
    [[nodiscard]] int domain() const { return family_ == Family::kIpv4 ? AF_INET : AF_INET6; }
    [[nodiscard]] std::pair<sockaddr_storage, socklen_t> socket_address(const std::string& address,
                                                                        std::uint16_t port) const {
        sockaddr_storage storage{};
        if (family_ == Family::kIpv4) {
            auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
            ipv4 = {AF_INET, htons(port), {}, {}};
            EXPECT_EQ(inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr), 1);
            return {storage, sizeof ipv4};
        }
        auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        EXPECT_EQ(inet_pton(AF_INET6, address.c_str(), &ipv6.sin6_addr), 1);
        return {storage, sizeof ipv6};
    }

    Family family_;
    int descriptor_;
};

class Sticky : public testing::TestWithParam<Family> {
  protected:
    void SetUp() override {
        for (const auto& address :
             {service(), endpoint_address(0), endpoint_address(1), client(1), client(2)}) {
            output_of("ip addr replace " + address + (ipv4() ? "/32" : "/128 nodad") + " dev lo");
            wait_until_local(address);
        }
        for (const std::uint32_t index : {0U, 1U})
            endpoints_.push_back(std::make_unique<Endpoint>(GetParam(), endpoint_address(index), 8080));
    }
    void TearDown() override { output_of("nft flush ruleset"); }

    void make_table(std::uint32_t clients) {
        commit(test::creation_of(test::sticky_table(GetParam(), clients)));
        commit(test::sticky_table_elements(GetParam()));
    }
    void commit(const Transaction& transaction) {
        const auto committed = tables_.commit(transaction);
        ASSERT_TRUE(committed) << committed.error().message;
    }

    /// A worker of the kernel's makes the route to a new IPv6 address: on a busy machine `ip` is back before
    /// it.
    void wait_until_local(const std::string& address) const {
        const auto route = "ip " + text("-4", "-6") + " route show table local " + address;
        constexpr int kTries = 500;
        for (int i = 0; i < kTries && output_of(route).empty(); ++i)
            usleep(10'000);
        ASSERT_NE(output_of(route), "") << address;
    }

    [[nodiscard]] bool ipv4() const { return GetParam() == Family::kIpv4; }
    [[nodiscard]] std::string text(const char* ipv4_text, const char* ipv6_text) const {
        return ipv4() ? ipv4_text : ipv6_text;
    }
    [[nodiscard]] std::string service() const { return text("10.96.0.1", "fd00:96::1"); }
    [[nodiscard]] std::string endpoint_address(std::uint32_t index) const {
        return text("10.64.0.", "fd00:64::") + std::to_string(index + 1);
    }
    [[nodiscard]] std::string client(int number) const {
        return text("10.1.0.", "fd00:1::") + std::to_string(number);
    }

    /// Sends from a port that nobody had before, not in earlier tests either: their flows are known for 30
    /// seconds, and would lead where they led. The index of the endpoint that gets it.
    std::uint32_t connect(int client_number) {
        static std::uint16_t port = 10'000;
        const Endpoint from{GetParam(), client(client_number), ++port};
        from.send(service(), 80);
        std::array<pollfd, 2> ready{};
        for (std::size_t i = 0; i < ready.size(); ++i)
            ready.at(i) = {endpoints_.at(i)->descriptor(), POLLIN, 0};
        constexpr int kLongMs = 5'000;
        const int got = poll(ready.data(), ready.size(), kLongMs);
        EXPECT_EQ(got, 1) << "exactly one gets it";
        if (got < 1) return std::numeric_limits<std::uint32_t>::max();
        const std::uint32_t index = ready[0].revents != 0 ? 0 : 1;
        endpoints_.at(index)->take();
        return index;
    }

    std::vector<std::pair<Element, Counts>> counts_of(const char* set) {
        std::vector<std::pair<Element, Counts>> all;
        const auto read = tables_.read_counts(
            GetParam(), "fairlead", set, [&] { all.clear(); },
            [&](Element element, Counts counts) { all.emplace_back(std::move(element), counts); });
        EXPECT_TRUE(read) << read.error().message;
        return all;
    }
    std::uint64_t packets_of(const char* set, const Element& wanted) {
        for (const auto& [element, counts] : counts_of(set))
            if (element == wanted) return counts.packets;
        ADD_FAILURE() << set << " has no such element";
        return 0;
    }

    NetlinkNftTables tables_ = *NetlinkNftTables::open();
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

TEST_P(Sticky, AClientStaysWithItsEndpoint) {
    make_table(100);
    for (const int number : {1, 2}) {
        const auto first = connect(number);
        for (int i = 0; i < 10; ++i)
            EXPECT_EQ(connect(number), first) << "connection " << i;
    }
    EXPECT_EQ(counts_of("affinity").size(), 2U);
}

TEST_P(Sticky, AClientOfAnEndpointThatIsNoLongerAliveGetsAnotherAndStaysThere) {
    make_table(100);
    const auto dead = connect(1);
    Transaction dies{{GetParam(), "fairlead", ""}};
    dies.delete_element("alive", test::alive_endpoint(GetParam(), dead));
    dies.delete_element("endpoints", test::sticky_endpoint(GetParam(), 0));
    dies.delete_element("endpoints", test::sticky_endpoint(GetParam(), 1));
    for (const std::uint32_t index : {0U, 1U}) {
        Element alive_one = test::sticky_endpoint(GetParam(), index);
        alive_one.data = test::sticky_endpoint(GetParam(), 1 - dead).data;
        dies.add_element("endpoints", alive_one);
    }
    commit(dies);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(connect(1), 1 - dead) << "connection " << i;
    const auto affinity = counts_of("affinity");
    ASSERT_EQ(affinity.size(), 1U) << "the one for the dead endpoint is gone";
    auto wanted = ElementBytes{}.add_port(80);
    wanted.add(test::address(endpoint_address(1 - dead))).add_port(8080);
    EXPECT_EQ(affinity[0].first.data, wanted) << "deleting and updating in one rule replaces the data";
}

TEST_P(Sticky, AClientForWhomThereIsNoRoomIsServedAllTheSame) {
    make_table(1);
    const auto first = connect(1);
    for (int i = 0; i < 5; ++i) {
        (void)connect(2);
        EXPECT_EQ(connect(1), first);
    }
    EXPECT_EQ(counts_of("affinity").size(), 1U);
}

TEST_P(Sticky, ALookupCountsOnItsElementInSetsAndInMaps) {
    make_table(100);
    const auto index = connect(1);
    EXPECT_EQ(packets_of("endpoints", test::sticky_endpoint(GetParam(), index)), 1U) << "a map";
    EXPECT_EQ(packets_of("endpoints", test::sticky_endpoint(GetParam(), 1 - index)), 0U);
    EXPECT_EQ(packets_of("alive", test::alive_endpoint(GetParam(), index)), 0U);
    for (int i = 0; i < 3; ++i)
        (void)connect(1);
    EXPECT_EQ(packets_of("endpoints", test::sticky_endpoint(GetParam(), index)), 1U);
    EXPECT_EQ(packets_of("alive", test::alive_endpoint(GetParam(), index)), 3U) << "a set";
    const auto header_bytes = ipv4() ? 28U : 48U;
    for (const auto& [element, counts] : counts_of("alive"))
        EXPECT_EQ(counts.bytes, counts.packets * (header_bytes + 1));
}

TEST_P(Sticky, EveryRuleMatchesThePacketThatItIsFor) {
    make_table(100);
    (void)connect(1);
    const std::string list = "nft list chain " + text("ip", "ip6") + " fairlead matches";
    EXPECT_EQ(output_of(list + " | grep -c 'packets 1 '"), "5\n") << output_of(list);

    // Its Service, from an address that no range of it has.
    const Endpoint elsewhere{GetParam(), endpoint_address(0), 0};
    elsewhere.send(service(), 80);
    EXPECT_EQ(output_of(list + " | grep -c 'packets 2 '"), "4\n") << output_of(list);
    EXPECT_THAT(output_of(list + " | grep @sources"), testing::HasSubstr("packets 1 "));
}

/// The number that a packet of client 1 is hashed to: a rule puts it into a set.
TEST_P(Sticky, TheHashOfAnAddressIsTheSameOnEveryHost) {
    const auto address_bytes = static_cast<std::uint8_t>(base::address_size_bytes(GetParam()));
    Set seen{"seen", {DataType::kMark}, {}, false, ""};
    seen.dynamic = true;
    seen.size = 10;
    Transaction transaction{{GetParam(), "fairlead", ""}};
    transaction.add(AddTable{});
    transaction.add(AddSet{seen});
    transaction.add(AddChain{{"output", ChainHook{ChainType::kFilter, Hook::kOutput, 0}, ""}});
    for (const std::uint32_t seed : {0U, 1U})
        transaction.add(AddRule{{"output",
                                 {LoadPayload{PayloadBase::kNetworkHeader,
                                              ipv4() ? std::uint8_t{12} : std::uint8_t{8}, address_bytes, 0},
                                  JenkinsHash{0, address_bytes, 1'000'000, seed, 0, 8},
                                  UpdateSet{SetUpdate::kAdd, "seen", 8, {}, {}}},
                                 ""}});
    commit(transaction);
    const Endpoint from{GetParam(), client(1), 0};
    for (int i = 0; i < 3; ++i)
        from.send(endpoint_address(0), 8080);
    std::vector<std::uint32_t> numbers;
    for (const auto& [element, counts] : counts_of("seen"))
        numbers.push_back(ElementReader{element.key}.number());
    EXPECT_THAT(numbers,
                testing::UnorderedElementsAreArray(ipv4() ? std::vector<std::uint32_t>{821'837, 723'369}
                                                          : std::vector<std::uint32_t>{240'077, 722'553}));
}

INSTANTIATE_TEST_SUITE_P(Families, Sticky, testing::Values(Family::kIpv4, Family::kIpv6),
                         [](const auto& it) { return it.param == Family::kIpv4 ? "ipv4" : "ipv6"; });

}  // namespace
}  // namespace fairlead::kernel::nftables
