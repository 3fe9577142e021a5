#include "support/dns_engine.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "support/kube_fixture.h"

namespace fairlead::test {

using namespace dns;  // NOLINT(google-build-using-namespace)

EngineWorld::EngineWorld(const EngineWorldOptions& options)
    : options_(options),
      clients_(cluster_.zone().reclaimer()),
      cache_(std::make_unique<Cache>(options.cache)) {
    cluster_.put(name_space("shop"));
    cluster_.put(service("web", {"10.96.0.1"}));
    cluster_.put(external_service("shop", "partner", "www.partner.example"));
    cluster_.zone().set_synced();
    cluster_.apply();
    engine_ = make_engine();
}

Forwarding EngineWorld::make_forwarding() const {
    ForwardZone zone;
    for (std::size_t i = 0; i < options_.upstreams; ++i)
        zone.upstreams.push_back(*UpstreamServer::parse("192.0.2." + std::to_string(53 + i)));
    SecureRandom::Key key{};
    key[0] = static_cast<std::uint8_t>(options_.seed);
    auto forwarder =
        std::make_unique<Forwarder>(std::vector{zone}, options_.limits, key,
                                    std::make_shared<LoopWatch>(options_.seed, options_.upstreams));
    return {options_.hosts, options_.rewrites, std::move(forwarder)};
}

std::unique_ptr<Engine> EngineWorld::make_engine() {
    usage_ = std::make_unique<UsageRecorder>();
    return std::make_unique<Engine>(
        now, options_.engine, EngineShared{.zone = cluster_.zone(), .clients = clients_, .cache = *cache_},
        make_forwarding(), *usage_, options_.seed, options_.observer);
}

void EngineWorld::reconfigure(std::vector<HostEntry> hosts) {
    options_.hosts = std::move(hosts);
    questions.clear();
    engine_->reconfigure(now, make_forwarding());
    exchange();
    engine_->end_of_turn();
}

void EngineWorld::restart(bool with_cache) {
    engine_.reset();
    if (!with_cache) cache_ = std::make_unique<Cache>(options_.cache);
    questions.clear();
    engine_ = make_engine();
}

void EngineWorld::add_pod(std::string_view pod_name, std::string_view address) {
    kube::Pod pod;
    pod.key = {"shop", std::string{pod_name}};
    pod.uid = "uid-" + std::string{pod_name};
    pod.node_name = "n1";
    pod.pod_ips.push_back(ip(address));
    pods_.put(std::move(pod));
    engine_->end_of_turn();
    clients_.update({"n1", {"cluster.local", {"10.96.0.10"}, {{"192.0.2.53"}, {}, {}}}, CollapseMode::kOn},
                    pods_, namespaces_);
}

std::optional<Message> EngineWorld::ask(std::string_view source, const std::vector<std::uint8_t>& packet,
                                        ClientTransport transport) {
    std::vector<std::uint8_t> out(transport == ClientTransport::kUdp ? 4096 : kMaxMessageSize, 0xee);
    last_ =
        engine_->handle(now, {.source = ip(source), .transport = transport, .token = ++token_}, packet, out);
    exchange();
    engine_->end_of_turn();
    if (last_.handling != Handling::kReply) return std::nullopt;
    auto message = decode_message(Bytes{out}.first(last_.reply_bytes));
    FAIRLEAD_ASSERT(message);
    return *std::move(message);
}

void EngineWorld::exchange() {
    EngineOutput output;
    engine_->take_output(output);
    late.insert(late.end(), output.replies.begin(), output.replies.end());
    for (auto& query : output.queries) {
        auto message = decode_message(query.bytes);
        FAIRLEAD_ASSERT(message);
        questions.push_back({std::move(query), *std::move(message)});
    }
    for (const ExchangeId closed : output.closed_exchanges)
        std::erase_if(questions, [&](const Question& question) { return question.query.exchange == closed; });
}

void EngineWorld::pass(base::Duration time) {
    const base::TimePoint end = now + time;
    for (auto deadline = engine_->next_deadline(); deadline && *deadline <= end;
         deadline = engine_->next_deadline()) {
        now = std::max(now, *deadline);
        engine_->advance(now);
        exchange();
    }
    now = end;
    engine_->end_of_turn();
}

std::optional<Message> EngineWorld::late_reply(std::uint64_t token) {
    const auto found = std::ranges::find(late, token, &LateReply::token);
    if (found == late.end()) return std::nullopt;
    auto message = decode_message(found->bytes);
    FAIRLEAD_ASSERT(message);
    late.erase(found);
    return *std::move(message);
}

bool EngineWorld::answer(std::string_view asked, RecordType type, ResponseCode code,
                         std::vector<Record> records, std::vector<Record> authority) {
    const auto found = std::ranges::find_if(questions, [&](const Question& question) {
        const dns::Question& first = question.message.questions.front();
        return first.name == name(asked) && first.type == type;
    });
    if (found == questions.end()) return false;
    Message reply = found->message;
    reply.response = reply.recursion_available = true;
    reply.code = code;
    reply.answer = std::move(records);
    reply.authority = std::move(authority);
    const ExchangeId exchange_id = found->query.exchange;
    questions.erase(found);
    engine_->received(now, exchange_id, encode_message(reply));
    exchange();
    engine_->end_of_turn();
    return true;
}

void EngineWorld::answer_addresses(std::string_view asked) {
    const Name owner = name(asked);
    while (
        answer(asked, RecordType::kA, ResponseCode::kNoError, {address_record(owner, 60, ip("192.0.2.1"))})) {
    }
    while (answer(asked, RecordType::kAaaa, ResponseCode::kNoError,
                  {address_record(owner, 60, ip("2001:db8::1"))})) {
    }
}

void EngineWorld::answer_missing(std::string_view asked) {
    const Record soa = soa_record(
        Name{}, 60, {.primary = name("ns.example"), .mailbox = name("admin.example"), .minimum_s = 60});
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
        while (answer(asked, type, ResponseCode::kNxDomain, {}, {soa})) {
        }
}

std::size_t EngineWorld::questions_for(std::string_view asked) const {
    return static_cast<std::size_t>(std::ranges::count_if(questions, [&](const Question& question) {
        return question.message.questions.front().name == name(asked);
    }));
}

}  // namespace fairlead::test
