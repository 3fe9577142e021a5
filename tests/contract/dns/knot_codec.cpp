// libknot's codec, with the commands decode and encode of dns_codec.cpp.

#include <array>
#include <memory>

extern "C" {  // they do not say so themselves
#include <libknot/libknot.h>
}

#include "contract/dns/codec_lines.h"

namespace {

using fairlead::test::Packet;
using PacketPointer = std::unique_ptr<knot_pkt_t, decltype(&knot_pkt_free)>;

constexpr std::array<std::pair<knot_section_t, const char*>, 3> kSections = {
    {{KNOT_ANSWER, "answer"}, {KNOT_AUTHORITY, "authority"}, {KNOT_ADDITIONAL, "additional"}}};

/// Calls `visit(section, record)` for each record.
template <class Visit>
void for_each_record(const knot_pkt_t& packet, Visit visit) {
    for (const auto& [section, name] : kSections) {
        const auto* const records = knot_pkt_section(&packet, section);
        for (std::uint16_t i = 0; i < records->count; ++i)
            visit(section, name, *knot_pkt_rr(records, i));
    }
}

std::span<const std::uint8_t> wire_of(const knot_dname_t* name) {
    return {name, knot_dname_size(name)};
}

std::string show(const knot_pkt_t& packet) {
    const std::span<const std::uint8_t> wire{packet.wire, packet.size};
    auto text = fairlead::test::shown_header(wire, knot_pkt_ext_rcode(&packet));
    if (packet.opt_rr == nullptr)
        text += " -";
    else
        text += ' ' + std::to_string(knot_edns_get_payload(packet.opt_rr)) + '/' +
                (knot_edns_do(packet.opt_rr) ? '1' : '0');
    if (knot_wire_get_qdcount(packet.wire) > 0)
        text += fairlead::test::shown_name("question", wire_of(knot_pkt_wire_qname(&packet)),
                                           knot_pkt_qtype(&packet), knot_pkt_qclass(&packet));
    for_each_record(packet, [&](knot_section_t, const char* section, const knot_rrset_t& record) {
        if (record.type == KNOT_RRTYPE_OPT) return;
        const auto* const rdata = record.rrs.rdata;
        text += fairlead::test::shown_name(section, wire_of(record.owner), record.type, record.rclass) +
                fairlead::test::shown_data(record.ttl, {rdata->data, rdata->len});
    });
    return text;
}

std::string encoded(const knot_pkt_t& packet) {
    const PacketPointer out{knot_pkt_new(nullptr, KNOT_WIRE_MAX_PKTSIZE, nullptr), knot_pkt_free};
    knot_wire_set_id(out->wire, knot_wire_get_id(packet.wire));
    knot_wire_set_flags1(out->wire, knot_wire_get_flags1(packet.wire));
    knot_wire_set_flags2(out->wire, knot_wire_get_flags2(packet.wire));
    int result = KNOT_EOK;
    if (knot_wire_get_qdcount(packet.wire) > 0)
        result = knot_pkt_put_question(out.get(), knot_pkt_wire_qname(&packet), knot_pkt_qclass(&packet),
                                       knot_pkt_qtype(&packet));
    for_each_record(packet, [&](knot_section_t section, const char*, const knot_rrset_t& record) {
        if (result == KNOT_EOK && out->current != section) result = knot_pkt_begin(out.get(), section);
        if (result == KNOT_EOK) result = knot_pkt_put(out.get(), KNOT_COMPR_HINT_NONE, &record, 0);
    });
    if (result != KNOT_EOK) return std::string("error ") + knot_strerror(result);
    return fairlead::test::hex_of({out->wire, out->size});
}

std::string answer(const std::string& command, const std::vector<Packet>& packets) {
    auto wire = packets.front();
    const PacketPointer packet{knot_pkt_new(wire.data(), static_cast<std::uint16_t>(wire.size()), nullptr),
                               knot_pkt_free};
    const int result = knot_pkt_parse(packet.get(), KNOT_PF_NOCANON);
    if (result != KNOT_EOK) return std::string("error ") + knot_strerror(result);
    return command == "decode" ? show(*packet) : encoded(*packet);
}

}  // namespace

int main() {
    return fairlead::test::answer_lines(answer);
}
