// The codec for a program in another language (codec_lines.h):
//   decode HEX   "ok ID CODE OPCODE FLAGS EDNS", then " SECTION:OWNER:TYPE:CLASS:TTL:RDATA" for each question
//                and record, numbers and uncompressed wire forms in hex; "error WHY"
//   encode HEX   the message decoded and encoded again, in hex
//   reply HEX    a query, answered with every record of the message behind it: "reply QUERY MESSAGE"
//   query HEX    what a client's packet gets: "query", "refusal HEX" with the reply, "silence"

#include "contract/dns/codec_lines.h"
#include "dns/message.h"
#include "dns/query.h"
#include "dns/reply.h"

namespace fairlead::dns {
namespace {

using test::Packet;

std::string show(std::string_view section, const std::vector<Record>& records) {
    std::string text;
    for (const Record& record : records)
        text += test::shown_name(section, record.owner.wire(), static_cast<std::uint16_t>(record.type),
                                 static_cast<std::uint16_t>(record.klass)) +
                test::shown_data(record.ttl_s, record.rdata);
    return text;
}

std::string show(const Message& message) {
    std::ostringstream text;
    text << "ok " << message.id << ' ' << static_cast<unsigned>(message.code) << ' '
         << unsigned{message.opcode} << ' ' << message.response << message.authoritative << message.truncated
         << message.recursion_desired << message.recursion_available << message.authentic_data
         << message.checking_disabled << ' ';
    if (message.edns)
        text << message.edns->udp_payload << '/' << message.edns->dnssec_ok;
    else
        text << '-';
    for (const Question& question : message.questions)
        text << test::shown_name("question", question.name.wire(), static_cast<std::uint16_t>(question.type),
                                 static_cast<std::uint16_t>(question.klass));
    text << show("answer", message.answer) << show("authority", message.authority)
         << show("additional", message.additional);
    return text.str();
}

std::string reply_to(const Packet& packet, const Message& message) {
    const auto parsed = parse_query(packet);
    const auto* query = std::get_if<Query>(&parsed);
    if (query == nullptr) return "error no query";
    ReplyBody body =
        make_body(query->name, message.code, message.answer, message.authority, message.additional);
    body.authoritative = message.authoritative;
    Packet out(kMaxMessageSize);
    out.resize(write_reply(out, *query, body, {}));
    return test::hex_of(out);
}

std::string outcome_of(const Packet& packet) {
    const auto parsed = parse_query(packet);
    if (std::holds_alternative<Silence>(parsed)) return "silence";
    const auto* refusal = std::get_if<Refusal>(&parsed);
    if (refusal == nullptr) return "query";
    Packet out(packet.size() + kMinUdpPayload);
    out.resize(write_refusal(out, *refusal));
    return "refusal " + test::hex_of(out);
}

std::string answer(const std::string& command, const std::vector<Packet>& packets) {
    if (command == "query") return outcome_of(packets.front());
    const auto message = decode_message(packets.back());
    if (!message) return "error " + message.error().message;
    if (command == "decode") return show(*message);
    if (command == "encode") return test::hex_of(encode_message(*message));
    return command == "reply" ? reply_to(packets.front(), *message) : "error no such command";
}

}  // namespace
}  // namespace fairlead::dns

int main() {
    return fairlead::test::answer_lines(fairlead::dns::answer);
}
