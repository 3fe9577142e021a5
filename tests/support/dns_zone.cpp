#include "support/dns_zone.h"

#include <array>
#include <chrono>

#include "dns/query.h"

namespace fairlead::test {

namespace {

std::string rdata_text(const dns::Record& record) {
    if (const auto address = dns::address_of(record)) return address->to_string();
    if (const auto target = dns::target_of(record)) return target->to_string();
    if (const auto srv = dns::srv_of(record))
        return std::to_string(srv->priority) + " " + std::to_string(srv->weight) + " " +
               std::to_string(srv->port) + " " + srv->target.to_string();
    if (const auto soa = dns::soa_of(record)) {
        auto text = soa->primary.to_string() + " " + soa->mailbox.to_string();
        for (const auto number : {soa->serial, soa->refresh_s, soa->retry_s, soa->expire_s, soa->minimum_s})
            text += " " + std::to_string(number);
        return text;
    }
    return {record.rdata.begin(), record.rdata.end()};
}

std::vector<std::string> texts_of(const std::vector<dns::Record>& records) {
    std::vector<std::string> texts;
    for (const auto& record : records)
        texts.push_back(text_of(record));
    return texts;
}

std::vector<std::uint8_t> packet_of(std::string_view name, dns::RecordType type) {
    dns::Message message;
    message.id = 7;
    message.recursion_desired = true;
    message.questions.push_back({dns::Name::parse(name).value(), type});
    return dns::encode_message(message);
}

}  // namespace

std::string text_of(const dns::Record& record) {
    return record.owner.to_string() + " " + std::to_string(record.ttl_s) + " " + dns::name_of(record.type) +
           " " + rdata_text(record);
}

void ZoneCluster::apply(std::int64_t unix_time_s) {
    zone_.apply(stores_.take_changes(), stores_, base::WallTime{std::chrono::seconds{unix_time_s}});
}

kube::EndpointSlice endpoint_slice(std::string_view name_space, std::string_view service,
                                   std::string_view name, std::vector<std::string> endpoints,
                                   std::vector<kube::EndpointPort> ports) {
    kube::EndpointSlice slice;
    slice.key = {std::string(name_space), std::string(name)};
    slice.service_name = service;
    slice.ports = std::move(ports);
    for (const auto& text : endpoints) {
        const bool ready = !text.starts_with('!');
        const auto equals = text.find('=');
        const auto start = equals == std::string::npos ? std::size_t{ready ? 0U : 1U} : equals + 1;
        kube::Endpoint endpoint;
        endpoint.address = base::IpAddress::parse(std::string_view(text).substr(start)).value();
        endpoint.ready = ready;
        if (equals != std::string::npos)
            slice.set_hostname(slice.endpoints.size(), text.substr(ready ? 0 : 1, equals - (ready ? 0 : 1)));
        slice.family = endpoint.address.family();
        slice.endpoints.push_back(endpoint);
    }
    return slice;
}

kube::Service headless_service(std::string_view name_space, std::string_view name) {
    kube::Service service;
    service.key = {std::string(name_space), std::string(name)};
    service.headless = true;
    return service;
}

kube::Service external_service(std::string_view name_space, std::string_view name, std::string_view target) {
    kube::Service service;
    service.key = {std::string(name_space), std::string(name)};
    service.type = kube::ServiceType::kExternalName;
    service.external_name = target;
    return service;
}

kube::Namespace name_space(std::string_view name) {
    kube::Namespace made;
    made.key.name = name;
    return made;
}

std::string outcome_of(const ZoneReply& reply) {
    switch (reply.outcome) {
        case dns::ZoneOutcome::kAnswered:
            return reply.code;
        case dns::ZoneOutcome::kOutside:
            return "OUTSIDE";
        case dns::ZoneOutcome::kFollow:
            return "FOLLOW " + reply.follow_target;
        case dns::ZoneOutcome::kServFail:
            return "SERVFAIL";
    }
    return "";
}

std::string outcome_of(const dns::ClusterZone& zone, std::string_view name, dns::RecordType type) {
    return outcome_of(ask(zone, name, type));
}

ZoneReply reply_of(const dns::Message& message) {
    ZoneReply reply;
    reply.code = dns::name_of(message.code);
    reply.authoritative = message.authoritative;
    reply.truncated = message.truncated;
    reply.answer = texts_of(message.answer);
    reply.authority = texts_of(message.authority);
    reply.additional = texts_of(message.additional);
    return reply;
}

ZoneReply ask(const dns::ClusterZone& zone, std::string_view name, dns::RecordType type,
              const AskOptions& options) {
    const auto packet = packet_of(name, type);
    const auto query = std::get<dns::Query>(dns::parse_query(packet));
    std::vector<std::uint8_t> out(options.limit);
    dns::ReplyWriter writer(out, query, options.limit);
    dns::Name follow;
    const auto answer = zone.answer(query, writer, options.draw, &follow);

    const auto size = writer.finish(answer.code, true);
    auto reply = reply_of(dns::decode_message(dns::Bytes{out}.first(size)).value());
    reply.outcome = answer.outcome;
    reply.size_bytes = size;
    if (answer.outcome == dns::ZoneOutcome::kFollow) reply.follow_target = follow.to_string();
    return reply;
}

}  // namespace fairlead::test
