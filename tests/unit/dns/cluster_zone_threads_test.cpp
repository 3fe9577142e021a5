// A writer and several readers of one zone; what counts as much as the answers is what the thread and address
// sanitizers say.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "dns/message.h"
#include "dns/reverse_name.h"
#include "support/dns_zone.h"
#include "support/kube_fixture.h"

namespace fairlead::dns {
namespace {

constexpr int kGenerations = 2'000;
constexpr int kEndpoints = 5;
constexpr int kReaders = 3;

/// "10.<generation high>.<generation low>.<number>": which generation an answer is of.
std::string address(int generation, int number) {
    return "10." + std::to_string(generation / 256) + "." + std::to_string(generation % 256) + "." +
           std::to_string(number);
}

int generation_of(const base::IpAddress& address) {
    return std::to_integer<int>(address.bytes()[1]) * 256 + std::to_integer<int>(address.bytes()[2]);
}

std::vector<std::uint8_t> question(std::string_view name, RecordType type) {
    std::vector<std::uint8_t> bytes;
    const auto parsed = Name::parse(name).value();
    bytes.assign(parsed.wire().begin(), parsed.wire().end());
    for (const auto number : {static_cast<std::uint16_t>(type), std::uint16_t{1}}) {
        bytes.push_back(static_cast<std::uint8_t>(number >> 8U));
        bytes.push_back(static_cast<std::uint8_t>(number));
    }
    return bytes;
}

class Reader {
  public:
    Reader(ClusterZone& zone, const std::atomic<int>& shown)
        : zone_(zone), shown_(shown), gate_(zone.reclaimer()) {}

    /// One headless answer: all of one generation, and of none before the one that was shown.
    void look(std::uint64_t draw) {
        const auto at_least = shown_.load();
        const auto records = ask("db.shop.svc.cluster.local", RecordType::kA, draw);
        ASSERT_EQ(records.size(), std::size_t{kEndpoints});
        const auto generation = generation_of(address_of(records.front()).value());
        EXPECT_GE(generation, at_least);
        for (const auto& record : records)
            EXPECT_EQ(generation_of(address_of(record).value()), generation);
        const auto cart = ask("cart.shop.svc.cluster.local", RecordType::kA, draw);
        if (!cart.empty()) {
            EXPECT_GE(generation_of(address_of(cart.front()).value()), at_least);
        }
        ask("_pg._tcp.db.shop.svc.cluster.local", RecordType::kSrv, draw);
        const auto address = address_of(records.front()).value();
        for (const auto& pointer : ask(reverse_name_of(address).to_string(), RecordType::kPtr, draw))
            EXPECT_TRUE(
                target_of(pointer).value().is_within(Name::parse("db.shop.svc.cluster.local").value()));
        draw % 64 == 0 ? pause() : gate_.quiescent();
    }

  private:
    void pause() {
        gate_.offline();
        std::this_thread::yield();
        gate_.online();
    }

    std::vector<Record> ask(std::string_view name, RecordType type, std::uint64_t draw) {
        const auto asked = question(name, type);
        Query query;
        query.question = asked;
        query.name = Name::parse(name).value();
        query.type = type;
        ReplyWriter writer(out_, query, out_.size());
        Name follow;
        const auto answer = zone_.answer(query, writer, draw, &follow);
        const auto size = writer.finish(answer.code, true);
        return decode_message(Bytes{out_}.first(size)).value().answer;
    }

    ClusterZone& zone_;
    const std::atomic<int>& shown_;
    ReaderGate gate_;
    std::array<std::uint8_t, 2048> out_{};
};

TEST(ClusterZoneThreads, ReadersSeeWholeAnswersOfTheLatestGenerationWhileAWriterChangesThem) {
    test::ZoneCluster cluster;
    cluster.put(test::headless_service("shop", "db"));
    const auto show = [&](int generation) {
        std::vector<std::string> endpoints;
        for (int i = 0; i < kEndpoints; ++i)
            endpoints.push_back((i % 2 == 0 ? "host-" + std::to_string(i) + "=" : "") +
                                address(generation, i));
        cluster.put(
            test::endpoint_slice("shop", "db", "db-1", endpoints, {{"pg", base::L4Protocol::kTcp, 5432}}));
        if (generation % 3 == 0)
            cluster.stores().services.remove({"shop", "cart"});
        else
            cluster.put(test::service("cart", {address(generation, 9)}));
        cluster.apply();
    };
    show(1);
    std::atomic<int> shown{1};
    std::atomic<bool> done{false};
    std::vector<std::thread> readers;
    for (int i = 0; i < kReaders; ++i)
        readers.emplace_back([&, i] {
            Reader reader(cluster.zone(), shown);
            for (std::uint64_t draw = static_cast<std::uint64_t>(i);
                 !done.load() && !testing::Test::HasFailure(); ++draw)
                reader.look(draw);
        });
    for (int generation = 2; generation <= kGenerations; ++generation) {
        show(generation);
        shown.store(generation);
        if (generation % 16 == 0) std::this_thread::yield();
    }
    done.store(true);
    for (auto& reader : readers)
        reader.join();
    EXPECT_EQ(cluster.zone().reclaimer().reclaim(), 0U);
}

}  // namespace
}  // namespace fairlead::dns
