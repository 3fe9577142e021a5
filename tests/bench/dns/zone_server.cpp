// usage: dns_zone_server ADDRESS:PORT FILE
// Answers for the Services of FILE ("NAME NAMESPACE ADDRESS" lines) with the server's sockets and worker,
// codec and zone, and without what comes beside them: search lists, cache, upstreams.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>

#include "base/random.h"
#include "dns/cluster_zone.h"
#include "dns/reply.h"
#include "dns_server/dns_server.h"
#include "support/dns_zone.h"

namespace {

using namespace fairlead;

class ZoneHandler : public dns_server::QueryHandler {
  public:
    explicit ZoneHandler(dns::ClusterZone& zone) : zone_(zone), gate_(zone.reclaimer()) {}

    dns::Handled handle(base::TimePoint, const dns::Client& client, dns::Bytes packet,
                        std::span<std::uint8_t> out) override {
        const auto parsed = dns::parse_query(packet);
        if (const auto* refusal = std::get_if<dns::Refusal>(&parsed))
            return {dns::Handling::kReply, dns::write_refusal(out, *refusal)};
        const auto* query = std::get_if<dns::Query>(&parsed);
        if (query == nullptr) return {};
        const std::size_t limit =
            client.transport == dns::ClientTransport::kTcp ? std::numeric_limits<std::uint16_t>::max() : 512;
        dns::ReplyWriter writer{out, *query, limit};
        dns::Name target;
        const auto answer = zone_.answer(*query, writer, random_(), &target);
        const bool known = answer.outcome == dns::ZoneOutcome::kAnswered;
        return {dns::Handling::kReply,
                writer.finish(known ? answer.code : dns::ResponseCode::kServFail, known)};
    }
    void received(base::TimePoint, dns::ExchangeId, dns::Bytes) override {}
    void failed(base::TimePoint, dns::ExchangeId) override {}
    void advance(base::TimePoint) override {}
    [[nodiscard]] std::optional<base::TimePoint> next_deadline() const override { return std::nullopt; }
    void take_output(dns::EngineOutput&) override {}
    void reconfigure(base::TimePoint, dns::Forwarding) override {}
    void end_of_turn() override { gate_.quiescent(); }

  private:
    dns::ClusterZone& zone_;
    dns::ReaderGate gate_;
    base::Random random_{1};
};

void load(test::ZoneCluster& cluster, const std::string& path) {
    std::ifstream file{path};
    std::set<std::string> namespaces;
    std::string name;
    std::string name_space;
    std::string address;
    while (file >> name >> name_space >> address) {
        if (namespaces.insert(name_space).second) cluster.put(test::name_space(name_space));
        auto service = test::headless_service(name_space, name);
        service.headless = false;
        service.cluster_ips = {base::IpAddress::parse(address).value()};
        cluster.put(std::move(service));
    }
    cluster.apply();
    cluster.zone().set_synced();
}

}  // namespace

int main(int argc, char** argv) {
    const auto address = base::SocketAddress::parse(argc == 3 ? argv[1] : "");
    if (!address) {
        std::cerr << "usage: dns_zone_server ADDRESS:PORT FILE\n";
        return EXIT_FAILURE;
    }
    test::ZoneCluster cluster;
    load(cluster, argv[2]);
    dns_server::WorkerOptions options;
    options.listen = {{*address, false}};
    const auto server = dns_server::DnsServer::start(
        1, options, [&](std::size_t) { return std::make_unique<ZoneHandler>(cluster.zone()); },
        [](const std::string& problem) { std::cerr << problem << '\n'; });
    if (!server) {
        std::cerr << server.error().message << '\n';
        return EXIT_FAILURE;
    }
    std::this_thread::sleep_for(std::chrono::hours(24));
}
