// Answers questions from lists of objects as an API server gives them, without a server; and says what is in
// the replies of another server, in the same words.
//
// usage: zone_answers FOLDER, with ServiceList.json, EndpointSliceList.json and NamespaceList.json in it;
// then per line of the standard input "ask NAME TYPE" or "decode HEXADECIMAL", and a line of output for each.

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "dns/message.h"
#include "kube/decode_json.h"
#include "support/dns_zone.h"

namespace fairlead::test {
namespace {

[[noreturn]] void give_up(const std::string& what) {
    std::cerr << "zone_answers: " << what << "\n";
    std::exit(EXIT_FAILURE);
}

template <class Kind>
void read_list(ZoneCluster& cluster, const std::string& folder, const std::string& kind) {
    const auto path = folder + "/" + kind + "List.json";
    std::ifstream file(path);
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    auto page = kube::JsonDecoder().decode_list(json, kind);
    if (!page) give_up(path + ": " + page.error().message);
    for (auto& item : page->items) {
        if (!item) give_up(path + ": " + item.error().to_string());
        cluster.put(std::get<Kind>(std::move(*item)));
    }
}

std::string joined(std::vector<std::string> records) {
    std::ranges::sort(records);
    std::string text;
    for (const auto& record : records)
        text += (text.empty() ? "" : "; ") + record;
    return text;
}

std::string line_of(const std::string& code, const ZoneReply& reply) {
    return code + (reply.truncated ? " tc" : "") + " | " + joined(reply.answer) + " | " +
           joined(reply.authority) + " | " + joined(reply.additional);
}

std::string answer_to(ZoneCluster& cluster, const std::string& name, const std::string& type) {
    const auto parsed = dns::parse_record_type(type);
    if (!parsed) give_up("no type: " + type);
    const auto reply = ask(cluster.zone(), name, *parsed);
    switch (reply.outcome) {
        case dns::ZoneOutcome::kOutside:
            return line_of("OUTSIDE", {});
        case dns::ZoneOutcome::kServFail:
            return line_of("SERVFAIL", {});
        case dns::ZoneOutcome::kFollow:
            return line_of("FOLLOW", reply);
        case dns::ZoneOutcome::kAnswered:
            break;
    }
    return line_of(reply.code, reply);
}

std::string decoded(const std::string& hexadecimal) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
        constexpr int kBase = 16;
        auto& byte = bytes.emplace_back();
        std::from_chars(hexadecimal.data() + i, hexadecimal.data() + i + 2, byte, kBase);
    }
    const auto message = dns::decode_message(bytes);
    if (!message) return "BROKEN " + message.error().message;
    return line_of(dns::name_of(message->code), reply_of(*message));
}

int run(const std::string& folder) {
    dns::ZoneOptions options;
    options.pod_names = dns::PodNames::kInsecure;
    ZoneCluster cluster(options);
    read_list<kube::Service>(cluster, folder, "Service");
    read_list<kube::EndpointSlice>(cluster, folder, "EndpointSlice");
    read_list<kube::Namespace>(cluster, folder, "Namespace");
    cluster.apply();
    cluster.zone().set_synced();
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string verb;
        std::string first;
        std::string second;
        words >> verb >> first >> second;
        std::cout << (verb == "ask" ? answer_to(cluster, first, second) : decoded(first)) << std::endl;
    }
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace fairlead::test

int main(int count, char** arguments) {
    if (count != 2) fairlead::test::give_up("usage: zone_answers FOLDER");
    return fairlead::test::run(arguments[1]);
}
