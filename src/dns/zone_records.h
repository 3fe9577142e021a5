#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "dns/query.h"
#include "dns/reply_writer.h"
#include "dns/zone_lookup.h"

namespace fairlead::dns {

/// Writes the records of one name of the zone that a query asks for.
class ZoneRecords {
  public:
    /// `name` is what was found: the query's, or what its CNAMEs lead to. All outlive it.
    ZoneRecords(const ZoneTables& tables, const Found& found, const Query& query, const Name& name,
                ReplyWriter& writer, std::uint64_t draw)
        : tables_(tables), found_(found), query_(query), name_(name), writer_(writer), draw_(draw) {}

    /// Answer, or the SOA of a negative one. nullopt: there may be more than is known yet.
    std::optional<ResponseCode> write();
    /// The CNAME of an ExternalName.
    void write_alias();

  private:
    using Endpoints = std::span<const EndpointRecord>;

    [[nodiscard]] bool wants(RecordType type) const {
        return query_.type == type || query_.type == RecordType::kAny;
    }
    [[nodiscard]] bool wants(base::Family family) const {
        return wants(family == base::Family::kIpv4 ? RecordType::kA : RecordType::kAaaa);
    }
    /// Whether it is among what was asked for.
    [[nodiscard]] bool takes(const auto& port) const { return !found_.port || found_.port->matches(port); }
    /// The same, and it is one port, not all.
    [[nodiscard]] bool is_target(const kube::EndpointPort& port) const {
        return port.port != 0 && takes(port);
    }
    [[nodiscard]] bool has_taken_port(const EndpointRecord& endpoint) const;
    [[nodiscard]] bool has_target_port(const EndpointRecord& endpoint) const;

    void write_answer();
    void write_apex();
    void write_version();
    void write_service_addresses();
    void write_endpoint_addresses(Endpoints endpoints);
    void write_service_srv();
    void write_endpoint_srv(Endpoints endpoints);
    void write_endpoint_targets(Endpoints endpoints, std::uint16_t weight);
    void write_target_addresses(Endpoints endpoints);
    void write_pointers();
    void write_endpoint_pointers(const ServiceRecords& service);
    void write_pointer(const std::optional<Name>& target);

    [[nodiscard]] bool is_repeated_address(Endpoints endpoints, std::size_t index) const;
    [[nodiscard]] bool is_repeated_target(Endpoints endpoints, std::size_t index, std::uint16_t port) const;
    [[nodiscard]] bool is_repeated_target_address(Endpoints endpoints, std::size_t index) const;
    [[nodiscard]] std::size_t count_targets(Endpoints endpoints) const;

    /// Whether there is room for more.
    bool add_address(const base::IpAddress& address);
    bool add_target(const Name& target, std::uint16_t weight, std::uint16_t port);
    bool add_target_address(const Name& target, const base::IpAddress& address);
    void add_soa(Section section, std::uint32_t ttl_s);
    [[nodiscard]] std::optional<Name> target_of(const EndpointRecord& endpoint) const;
    [[nodiscard]] std::uint32_t ttl_s() const { return tables_.options.ttl_s; }

    const ZoneTables& tables_;
    const Found& found_;
    const Query& query_;
    const Name& name_;
    ReplyWriter& writer_;
    std::uint64_t draw_;
    bool has_answer_ = false;
};

}  // namespace fairlead::dns
