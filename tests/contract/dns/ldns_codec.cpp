// ldns's codec, with the commands decode and encode of dns_codec.cpp.

#include <ldns/ldns.h>

#include <memory>

#include "contract/dns/codec_lines.h"

namespace {

using fairlead::test::Packet;
using BufferPointer = std::unique_ptr<ldns_buffer, decltype(&ldns_buffer_free)>;
using PacketPointer = std::unique_ptr<ldns_pkt, decltype(&ldns_pkt_free)>;

std::span<const std::uint8_t> wire_of(const ldns_rdf* name) {
    return {ldns_rdf_data(name), ldns_rdf_size(name)};
}

std::string show(const char* section, const ldns_rr_list* records, bool is_question = false) {
    std::string text;
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(records); ++i) {
        const auto* const record = ldns_rr_list_rr(records, i);
        text += fairlead::test::shown_name(section, wire_of(ldns_rr_owner(record)),
                                           static_cast<std::uint16_t>(ldns_rr_get_type(record)),
                                           static_cast<std::uint16_t>(ldns_rr_get_class(record)));
        if (is_question) continue;
        const BufferPointer rdata{ldns_buffer_new(LDNS_MAX_PACKETLEN), ldns_buffer_free};
        ldns_rr_rdata2buffer_wire(rdata.get(), record);
        text += fairlead::test::shown_data(
            ldns_rr_ttl(record), {ldns_buffer_begin(rdata.get()), ldns_buffer_position(rdata.get())});
    }
    return text;
}

std::string show(const Packet& wire, const ldns_pkt& packet) {
    constexpr unsigned kCodeBits = 4;
    const auto code = static_cast<unsigned>(ldns_pkt_get_rcode(&packet)) |
                      unsigned{ldns_pkt_edns_extended_rcode(&packet)} << kCodeBits;
    auto text = fairlead::test::shown_header(wire, code);
    if (!ldns_pkt_edns(&packet))
        text += " -";
    else
        text += ' ' + std::to_string(ldns_pkt_edns_udp_size(&packet)) + '/' +
                (ldns_pkt_edns_do(&packet) ? '1' : '0');
    return text + show("question", ldns_pkt_question(&packet), true) +
           show("answer", ldns_pkt_answer(&packet)) + show("authority", ldns_pkt_authority(&packet)) +
           show("additional", ldns_pkt_additional(&packet));
}

std::string answer(const std::string& command, const std::vector<Packet>& packets) {
    const auto& wire = packets.front();
    ldns_pkt* parsed = nullptr;
    const auto result = ldns_wire2pkt(&parsed, wire.data(), wire.size());
    if (result != LDNS_STATUS_OK) return std::string("error ") + ldns_get_errorstr_by_id(result);
    const PacketPointer packet{parsed, ldns_pkt_free};
    if (command == "decode") return show(wire, *packet);
    std::uint8_t* bytes = nullptr;
    std::size_t size = 0;
    const auto written = ldns_pkt2wire(&bytes, packet.get(), &size);
    const std::unique_ptr<std::uint8_t, decltype(&std::free)> owned{bytes, std::free};
    if (written != LDNS_STATUS_OK) return std::string("error ") + ldns_get_errorstr_by_id(written);
    return fairlead::test::hex_of({bytes, size});
}

}  // namespace

int main() {
    return fairlead::test::answer_lines(answer);
}
