#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/address.h"
#include "dns/name.h"
#include "dns/name_compressor.h"
#include "dns/protocol.h"
#include "dns/query.h"
#include "dns/record.h"

namespace fairlead::dns {

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

/// Writes a reply record by record, without allocation. Sections come in their order. A record that would
/// make the message longer than `limit` is left out with all that follow it, and TC is set unless it is of
/// the additional section (RFC 2181, section 9). Records are of class IN.
class ReplyWriter {
  public:
    /// `out` has room for `limit` bytes; the writer keeps to the smaller of the two, which is at least what
    /// header, question and OPT take. `query` outlives it.
    ReplyWriter(std::span<std::uint8_t> out, const Query& query, std::size_t limit);

    /// An A or AAAA record of the name that was asked for.
    void add_address(Section section, const base::IpAddress& address, std::uint32_t ttl_s);
    void add_address(Section section, const Name& owner, const base::IpAddress& address, std::uint32_t ttl_s);
    /// A record whose rdata is one name, compressed: CNAME, NS, PTR.
    void add_name(Section section, const Name& owner, RecordType type, std::uint32_t ttl_s,
                  const Name& target);
    void add_srv(Section section, const Name& owner, std::uint32_t ttl_s, std::uint16_t priority,
                 std::uint16_t weight, std::uint16_t port, const Name& target);
    void add_soa(Section section, const Name& owner, std::uint32_t ttl_s, const Soa& soa);
    /// One string, at most 255 bytes.
    void add_txt(Section section, const Name& owner, std::uint32_t ttl_s, std::string_view text);
    /// Any record; names in its rdata stay as they are.
    void add(Section section, const Name& owner, RecordType type, std::uint32_t ttl_s, Bytes rdata);

    /// Records that are in the message so far.
    [[nodiscard]] std::size_t record_count() const;
    /// Takes all records out again: the reply begins anew.
    void clear();

    /// Completes header and OPT record. The message's length.
    std::size_t finish(ResponseCode code, bool authoritative);

  private:
    bool begin(Section section, const Name* owner, RecordType type, std::uint32_t ttl_s);
    void append(Bytes bytes);
    void append_u16(std::uint16_t value);
    void append_name(const Name& name, bool compressed);
    void end(Section section);

    std::span<std::uint8_t> out_;  // without the room for OPT
    const Query& query_;
    NameCompressor compressor_;
    std::size_t size_ = 0;
    std::size_t record_start_ = 0;
    std::size_t rdata_start_ = 0;
    std::array<std::uint16_t, 3> counts_{};
    bool overflowed_ = false;  // the record under way does not fit
    bool full_ = false;        // a record did not fit: no more of them
    bool truncated_ = false;
};

}  // namespace fairlead::dns
