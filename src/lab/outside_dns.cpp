#include "lab/outside_dns.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <optional>

#include "dns/dns_config.h"
#include "kernel/netns/namespaces.h"

namespace fairlead::lab {

namespace {

using base::Result;
using dns::RecordType;

constexpr std::uint32_t kInternetTtlS = 300;

dns::Name domain(std::string_view text) {
    return dns::Name::parse(text).value();
}

std::optional<unsigned> host_of(const dns::Name& asked) {
    for (unsigned host = 0; host < kOutsideHosts; ++host)
        if (asked == domain(outside_name(host))) return host;
    return std::nullopt;
}

base::IpAddress address_of_host(unsigned host, RecordType type) {
    const auto text = type == RecordType::kA ? fmt::format("203.0.113.{}", host + 1)
                                             : fmt::format("2001:db8::{:x}", host + 1);
    return base::IpAddress::parse(text).value();
}

dns::Record negative_soa() {
    dns::Soa soa;
    soa.primary = domain("ns.example");
    soa.mailbox = domain("hostmaster.example");
    soa.serial = 1;
    soa.minimum_s = kInternetTtlS;
    return dns::soa_record(dns::Name{}, kInternetTtlS, soa);
}

}  // namespace

std::string outside_name(unsigned host) {
    return fmt::format("site-{}.example.com", host);
}

dns::Message answer_as_internet(const dns::Message& query) {
    dns::Message reply;
    reply.id = query.id;
    reply.response = true;
    reply.recursion_desired = query.recursion_desired;
    reply.recursion_available = true;
    reply.questions = query.questions;
    if (query.edns) reply.edns.emplace();
    const auto& question = query.questions.front();
    const auto host = host_of(question.name);
    if (host && (question.type == RecordType::kA || question.type == RecordType::kAaaa)) {
        reply.answer = {
            dns::address_record(question.name, kInternetTtlS, address_of_host(*host, question.type))};
        return reply;
    }
    if (!host) reply.code = dns::ResponseCode::kNxDomain;
    reply.authority = {negative_soa()};
    return reply;
}

Result<std::unique_ptr<OutsideDns>> OutsideDns::start(std::string_view netns,
                                                      const base::IpAddress& address) {
    FAIRLEAD_TRY(auto socket, kernel::netns::run_in(netns, [&] {
                     return net::UdpBatchSocket::open({{address, dns::kDnsPort}});
                 }));
    return std::unique_ptr<OutsideDns>{new OutsideDns(std::move(socket))};
}

OutsideDns::OutsideDns(net::UdpBatchSocket socket)
    : socket_(std::move(socket)), thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void OutsideDns::serve(const std::stop_token& stop) {
    constexpr int kLookAtStopMs = 50;
    while (!stop.stop_requested()) {
        pollfd waiting{socket_.fd(), POLLIN, 0};
        if (poll(&waiting, 1, kLookAtStopMs) <= 0) continue;
        for (const auto& datagram : socket_.receive())
            answer(datagram);
        socket_.flush();
    }
}

void OutsideDns::answer(const net::UdpBatchSocket::Datagram& datagram) {
    const auto query = dns::decode_message(datagram.bytes);
    if (!query || query->response || query->questions.size() != 1) return;
    const auto reply = dns::encode_message(answer_as_internet(*query));
    std::ranges::copy(reply, socket_.space().begin());
    socket_.commit(datagram.peer, reply.size());
}

}  // namespace fairlead::lab
