#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "dns/engine_counts.h"
#include "dns/record.h"
#include "dns/search_walk.h"
#include "kube/objects.h"

namespace fairlead::agent {

/// What the page /dns-query is asked for.
struct DnsWalkRequest {
    std::string name{};  ///< as a program would give it to its resolver
    std::vector<dns::RecordType> types{};
    std::optional<kube::ObjectKey> pod{};  ///< nullopt: a program on the node itself
    dns::Libc libc = dns::Libc::kGlibc;
};

/// The query of the page. Parameters:
/// - name: what is looked up
/// - type: of the records; without it A and AAAA
/// - pod, namespace: in whose place; "default" is the namespace where none is given
/// - libc: whose resolver it has, glibc (also where none is given), musl or go
base::Result<DnsWalkRequest> parse_dns_walk_request(std::string_view query);

/// Who looks a name up, and what its resolv.conf says.
struct DnsWalker {
    std::string name{};  ///< "NAMESPACE/POD"; empty: the node
    base::IpAddress source{};
    std::vector<std::string> nameservers{};
    dns::WalkSettings settings{};
    std::vector<std::string> remarks{};  ///< what is particular about it, one sentence each
};

/// One query and what it got.
struct DnsWalkQuery {
    unsigned step = 1;  ///< queries with the same number are sent together
    dns::Name name{};
    dns::RecordType type = dns::RecordType::kA;
    dns::ReplySource source = dns::ReplySource::kServer;
    dns::ResponseCode code = dns::ResponseCode::kNoError;
    bool over_tcp = false;
    base::Duration took{};
    std::vector<dns::Record> answer{};
};

/// Kind DnsWalk of fairlead.status/v1alpha1, one line.
std::string dns_walk_json(const DnsWalkRequest& request, const DnsWalker& walker,
                          const std::vector<DnsWalkQuery>& queries, dns::WalkEnd end);

}  // namespace fairlead::agent
