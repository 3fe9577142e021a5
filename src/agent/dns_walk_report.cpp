#include "agent/dns_walk_report.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <utility>

#include "agent/json_list.h"
#include "agent/page_query.h"
#include "base/dns_name.h"
#include "base/json.h"
#include "dns/record_text.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::json_quote;
using base::Result;
using Parameters = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kWalkParameters[] = {"name", "type", "pod", "namespace", "libc"};

std::string text_of(const Parameters& parameters, std::string_view name, std::string_view otherwise = "") {
    const auto found = parameters.find(name);
    return found == parameters.end() ? std::string(otherwise) : found->second;
}

Result<std::optional<kube::ObjectKey>> pod_of(const Parameters& parameters) {
    kube::ObjectKey pod{text_of(parameters, "namespace", "default"), text_of(parameters, "pod")};
    if (pod.name.empty()) return std::nullopt;
    if (!base::is_dns_subdomain(pod.name) || !base::is_dns_label(pod.namespace_name))
        return base::fail(ErrorCode::kInvalid, "'" + pod.to_string() + "' is no name of a Pod");
    return pod;
}

std::string record_json(const dns::Record& record) {
    return fmt::format(R"({{"name":{},"type":"{}","ttl":{},"data":{}}})",
                       json_quote(record.owner.to_string()), dns::name_of(record.type), record.ttl_s,
                       json_quote(dns::rdata_text(record)));
}

std::string walk_query_json(const DnsWalkQuery& query) {
    using Microseconds = std::chrono::duration<double, std::micro>;
    return fmt::format(
        R"({{"step":{},"name":{},"type":"{}","answeredBy":"{}","code":"{}","tcp":{},"microseconds":{:.0f},"records":{}}})",
        query.step, json_quote(query.name.to_string()), dns::name_of(query.type), name_of(query.source),
        dns::name_of(query.code), query.over_tcp, Microseconds(query.took).count(),
        json_list(query.answer, record_json));
}

}  // namespace

Result<DnsWalkRequest> parse_dns_walk_request(std::string_view query) {
    FAIRLEAD_TRY(const auto parameters, parse_page_query(query, kWalkParameters));
    DnsWalkRequest request{.name = text_of(parameters, "name")};
    if (request.name.empty()) return base::fail(ErrorCode::kInvalid, "name is missing");
    FAIRLEAD_TRY(request.pod, pod_of(parameters));
    FAIRLEAD_TRY(request.libc, dns::parse_libc(text_of(parameters, "libc", "glibc")));
    request.types = {dns::RecordType::kA, dns::RecordType::kAaaa};
    const auto type = text_of(parameters, "type");
    if (type.empty()) return request;
    const auto known = dns::parse_record_type(type);
    if (!known) return base::fail(ErrorCode::kInvalid, "'" + type + "' is no type of records");
    request.types = {*known};
    return request;
}

std::string dns_walk_json(const DnsWalkRequest& request, const DnsWalker& walker,
                          const std::vector<DnsWalkQuery>& queries, dns::WalkEnd end) {
    const auto quote = [](const std::string& text) { return json_quote(text); };
    return fmt::format(
        R"({{"apiVersion":"fairlead.status/v1alpha1","kind":"DnsWalk","name":{},"pod":{},"source":"{}",)"
        R"("libc":"{}","nameservers":{},"search":{},"ndots":{},"remarks":{},"queries":{},"result":"{}"}})"
        "\n",
        json_quote(request.name), json_quote(walker.name), walker.source.to_string(), name_of(request.libc),
        json_list(walker.nameservers, quote),
        json_list(walker.settings.search,
                  [](const dns::Name& domain) { return json_quote(domain.to_string()); }),
        walker.settings.ndots, json_list(walker.remarks, quote), json_list(queries, walk_query_json),
        name_of(end));
}

}  // namespace fairlead::agent
