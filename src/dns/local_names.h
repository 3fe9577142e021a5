#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "dns/dns_config.h"
#include "dns/name.h"
#include "dns/query.h"
#include "dns/reply.h"
#include "dns/reply_writer.h"

namespace fairlead::dns {

/// Names that the configuration answers, whatever the cluster and its upstreams say. Immutable.
class LocalNames {
  public:
    LocalNames() = default;
    /// Of several rewrites of one name the first counts.
    LocalNames(const std::vector<HostEntry>& hosts, const std::vector<NameRewrite>& rewrites);

    /// Whether a host has this name (in lower case), or a rewrite begins with it.
    [[nodiscard]] bool has(const Name& name) const {
        return !is_empty() && (hosts_.contains(name) || rewrites_.contains(name));
    }
    /// Writes the addresses of a host, or the first name of an address (PTR). False, with nothing written,
    /// where no host is meant: another name or type.
    bool answer(const Query& query, ReplyWriter& writer, std::uint64_t draw) const;
    /// nullptr: this name (in lower case) is what it is.
    [[nodiscard]] const NameRewrite* rewrite_of(const Name& name) const;

  private:
    [[nodiscard]] bool is_empty() const { return hosts_.empty() && rewrites_.empty(); }

    absl::flat_hash_map<Name, std::vector<base::IpAddress>> hosts_;
    absl::flat_hash_map<Name, Name> pointers_;  // reverse names
    absl::flat_hash_map<Name, NameRewrite> rewrites_;
};

/// What a server says about itself in class CH (RFC 4892): TXT of version.bind, version.server, id.server and
/// hostname.bind.
class ServerIdentity {
  public:
    /// An empty text is not told.
    ServerIdentity(const std::string& version, const std::string& id);

    /// nullptr: nothing is told about this name (in lower case).
    [[nodiscard]] const ReplyBody* find(const Name& name) const;

  private:
    absl::flat_hash_map<Name, ReplyBody> bodies_;
};

}  // namespace fairlead::dns
