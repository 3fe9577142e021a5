#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "dns/name.h"
#include "dns/protocol.h"

namespace fairlead::dns {

/// A resource record. Names inside `rdata` are uncompressed, their letter case is as it was given.
struct Record {
    Name owner;
    RecordType type = RecordType::kA;
    RecordClass klass = RecordClass::kIn;
    std::uint32_t ttl_s = 0;
    std::vector<std::uint8_t> rdata{};

    friend bool operator==(const Record&, const Record&) = default;
};

/// Fields of a SOA record (RFC 1035, section 3.3.13); times in seconds.
struct Soa {
    Name primary;  ///< MNAME
    Name mailbox;  ///< RNAME
    std::uint32_t serial = 0;
    std::uint32_t refresh_s = 0;
    std::uint32_t retry_s = 0;
    std::uint32_t expire_s = 0;
    std::uint32_t minimum_s = 0;  ///< TTL of negative answers (RFC 2308)
};

/// Fields of a SRV record (RFC 2782).
struct Srv {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    Name target;
};

/// Records of class IN. An address makes an A or AAAA record by its family.
Record address_record(const Name& owner, std::uint32_t ttl_s, const base::IpAddress& address);
Record cname_record(const Name& owner, std::uint32_t ttl_s, const Name& target);
Record ns_record(const Name& owner, std::uint32_t ttl_s, const Name& server);
Record ptr_record(const Name& owner, std::uint32_t ttl_s, const Name& target);
Record srv_record(const Name& owner, std::uint32_t ttl_s, const Srv& srv);
Record soa_record(const Name& owner, std::uint32_t ttl_s, const Soa& soa);
/// One string of the record for each text; each at most 255 bytes, at least one.
Record txt_record(const Name& owner, std::uint32_t ttl_s, std::span<const std::string_view> texts);

/// The address of an A or AAAA record; nullopt for any other and for rdata of the wrong length.
std::optional<base::IpAddress> address_of(const Record& record);
/// The name that a CNAME, NS, PTR or DNAME record has as its rdata; nullopt for any other.
std::optional<Name> target_of(const Record& record);
std::optional<Soa> soa_of(const Record& record);
std::optional<Srv> srv_of(const Record& record);

}  // namespace fairlead::dns
