#include "dns/zone_records.h"

#include <algorithm>

#include "dns/address_label.h"
#include "dns/shuffle.h"

namespace fairlead::dns {

namespace {

using FoundKind = Found::Kind;

constexpr std::string_view kSpecificationVersion = "1.1.0";
constexpr std::uint32_t kVersionTtlS = 28'800;  // of the example in the specification
constexpr std::uint32_t kLongestNegativeTtlS = 300;

}  // namespace

std::optional<ResponseCode> ZoneRecords::write() {
    if (found_.kind == FoundKind::kUnknown) return std::nullopt;
    if (found_.kind != FoundKind::kMissing) write_answer();
    if (has_answer_) return ResponseCode::kNoError;
    if (found_.may_grow) return std::nullopt;
    add_soa(Section::kAuthority, std::min(ttl_s(), kLongestNegativeTtlS));
    return found_.kind == FoundKind::kMissing ? ResponseCode::kNxDomain : ResponseCode::kNoError;
}

void ZoneRecords::write_answer() {
    switch (found_.kind) {
        case FoundKind::kApex:
            return write_apex();
        case FoundKind::kVersion:
            return write_version();
        case FoundKind::kAlias:
            if (wants(RecordType::kCname)) write_alias();
            return;
        case FoundKind::kPod:
            if (wants(found_.address.family())) add_address(found_.address);
            return;
        case FoundKind::kPointer:
            if (wants(RecordType::kPtr)) write_pointers();
            return;
        case FoundKind::kNameServer:
            if (found_.service != nullptr) write_service_addresses();
            return;
        case FoundKind::kService:
            write_service_addresses();
            if (wants(RecordType::kSrv)) write_service_srv();
            return;
        case FoundKind::kEndpoint:
            write_endpoint_addresses(found_.endpoints);
            if (wants(RecordType::kSrv)) write_endpoint_srv(found_.endpoints);
            return;
        default:
            return;
    }
}

void ZoneRecords::write_apex() {
    if (wants(RecordType::kSoa)) add_soa(Section::kAnswer, ttl_s());
    if (!wants(RecordType::kNs)) return;
    has_answer_ = true;
    const auto& server = found_.domain->soa.primary;
    writer_.add_name(Section::kAnswer, name_, RecordType::kNs, ttl_s(), server);
    const auto* const service = tables_.services.find(tables_.dns_service_wire);
    if (service == nullptr) return;
    for (const auto& address : service->cluster_ips())
        writer_.add_address(Section::kAdditional, server, address, ttl_s());
}

void ZoneRecords::write_version() {
    if (!wants(RecordType::kTxt)) return;
    has_answer_ = true;
    writer_.add_txt(Section::kAnswer, name_, kVersionTtlS, kSpecificationVersion);
}

void ZoneRecords::write_alias() {
    has_answer_ = true;
    writer_.add_name(Section::kAnswer, name_, RecordType::kCname, ttl_s(), *found_.service->external_name());
}

void ZoneRecords::write_service_addresses() {
    if (!wants(RecordType::kA) && !wants(RecordType::kAaaa)) return;
    if (found_.service->kind() == ServiceRecords::Kind::kHeadless)
        return write_endpoint_addresses(found_.service->endpoints().by_address());
    for (const auto& address : found_.service->cluster_ips())
        if (wants(address.family())) add_address(address);
}

void ZoneRecords::write_endpoint_addresses(Endpoints endpoints) {
    Shuffle order(endpoints.size(), draw_);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        const auto index = order.next();
        const auto& endpoint = endpoints[index];
        if (!wants(endpoint.address.family()) || !has_taken_port(endpoint) ||
            is_repeated_address(endpoints, index))
            continue;
        if (!add_address(endpoint.address)) return;
    }
}

bool ZoneRecords::is_repeated_address(Endpoints endpoints, std::size_t index) const {
    const auto& address = endpoints[index].address;
    while (index > 0 && endpoints[index - 1].address == address)
        if (has_taken_port(endpoints[--index])) return true;
    return false;
}

bool ZoneRecords::has_taken_port(const EndpointRecord& endpoint) const {
    return !found_.port || std::ranges::any_of(found_.service->endpoints().ports_of(endpoint),
                                               [&](const auto& port) { return takes(port); });
}

/// A ClusterIP wins over what endpoints have the same address.
void ZoneRecords::write_pointers() {
    bool is_cluster_ip = false;
    for (const auto& service : found_.owners->services) {
        const auto* const records = tables_.services.find(service->wire(), service->hash());
        if (records == nullptr || !records->has_cluster_ip(found_.address)) continue;
        is_cluster_ip = true;
        write_pointer(ZoneTables::name_below(*found_.domain, service->wire()));
    }
    if (is_cluster_ip) return;
    for (const auto& service : found_.owners->services)
        if (const auto* const records = tables_.services.find(service->wire(), service->hash()))
            write_endpoint_pointers(*records);
}

void ZoneRecords::write_endpoint_pointers(const ServiceRecords& service) {
    const auto endpoints = service.endpoints().at(found_.address);
    for (std::size_t i = 0; i < endpoints.size(); ++i) {
        if (i > 0 && endpoints[i - 1].hostname == endpoints[i].hostname) continue;
        const auto hostname = service.endpoints().hostname_of(endpoints[i]);
        const AddressLabel address(endpoints[i].address);
        write_pointer(ZoneTables::name_below(*found_.domain, service.key(),
                                             hostname.empty() ? address.text() : hostname));
    }
}

void ZoneRecords::write_pointer(const std::optional<Name>& target) {
    if (!target) return;
    has_answer_ = true;
    writer_.add_name(Section::kAnswer, name_, RecordType::kPtr, ttl_s(), *target);
}

bool ZoneRecords::add_address(const base::IpAddress& address) {
    has_answer_ = true;
    const auto before = writer_.record_count();
    if (&name_ == &query_.name)
        writer_.add_address(Section::kAnswer, address, ttl_s());
    else
        writer_.add_address(Section::kAnswer, name_, address, ttl_s());
    return writer_.record_count() > before;
}

void ZoneRecords::add_soa(Section section, std::uint32_t ttl_s) {
    has_answer_ = has_answer_ || section == Section::kAnswer;
    auto soa = found_.domain->soa;
    soa.serial = tables_.serial.load(std::memory_order_relaxed);
    writer_.add_soa(section, name_.parent(found_.labels_above_apex), ttl_s, soa);
}

}  // namespace fairlead::dns
