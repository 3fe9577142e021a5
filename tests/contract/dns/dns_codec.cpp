// The codec for a program in another language: reads "COMMAND HEX" lines, answers each with one line.
//   decode HEX   "ok ID FLAGS", then " SECTION:OWNER:TYPE:CLASS:TTL:RDATA" for each question and record,
//   numbers and
//                uncompressed wire forms in hex; "error WHY"
//   encode HEX   the message decoded and encoded again, in hex
//   reply HEX    a query, answered with every record of the message behind it: "reply QUERY MESSAGE"
//   query HEX    what a client's packet gets: "query", "refusal HEX" with the reply, "silence"

#include <cstdint>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "dns/message.h"
#include "dns/query.h"
#include "dns/reply.h"
#include "support/dns_packets.h"

namespace fairlead::dns {
namespace {

std::string hex_of(Bytes bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += "0123456789abcdef"[byte >> 4U];
        text += "0123456789abcdef"[byte & 0xfU];
    }
    return text;
}

std::string show(std::string_view section, const Record& record) {
    std::ostringstream text;
    text << ' ' << section << ':' << hex_of(record.owner.wire()) << ':' << static_cast<unsigned>(record.type)
         << ':' << static_cast<unsigned>(record.klass) << ':' << record.ttl_s << ':' << hex_of(record.rdata);
    return text.str();
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
        text << " question:" << hex_of(question.name.wire()) << ':' << static_cast<unsigned>(question.type)
             << ':' << static_cast<unsigned>(question.klass);
    for (const Record& record : message.answer)
        text << show("answer", record);
    for (const Record& record : message.authority)
        text << show("authority", record);
    for (const Record& record : message.additional)
        text << show("additional", record);
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
    return hex_of(out);
}

std::string outcome_of(const Packet& packet) {
    const auto parsed = parse_query(packet);
    if (std::holds_alternative<Silence>(parsed)) return "silence";
    const auto* refusal = std::get_if<Refusal>(&parsed);
    if (refusal == nullptr) return "query";
    Packet out(packet.size() + kMinUdpPayload);
    out.resize(write_refusal(out, *refusal));
    return "refusal " + hex_of(out);
}

std::string answer(const std::string& line) {
    std::istringstream words{line};
    std::string command;
    std::string first;
    std::string second;
    words >> command >> first >> second;
    const Packet packet = hex(first);
    if (command == "query") return outcome_of(packet);
    const auto message = decode_message(command == "reply" ? hex(second) : packet);
    if (!message) return "error " + message.error().message;
    if (command == "decode") return show(*message);
    if (command == "encode") return hex_of(encode_message(*message));
    return command == "reply" ? reply_to(packet, *message) : "error no such command";
}

}  // namespace
}  // namespace fairlead::dns

int main() {
    for (std::string line; std::getline(std::cin, line);)
        std::cout << fairlead::dns::answer(line) << std::endl;
}
