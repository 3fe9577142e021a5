#pragma once

// For .cpp files of corefile_* only.

#include <string>
#include <string_view>
#include <vector>

#include "dns/corefile_config.h"

namespace fairlead::dns {

/// Of one server block.
struct CorefileBlock {
    std::vector<Name> zones;
    std::vector<ForwardZone> forward;
    std::optional<TtlBounds> ttl;  ///< plugin cache; without it nothing is to be cached
};

/// Turns directives into settings, and notes what has none.
class CorefileReader {
  public:
    CorefileReader(std::string_view file, const CorefileSources& sources) : file_(file), sources_(sources) {}

    void read_server(const CorefileServer& server);
    CorefileConfig take();

  private:
    using Directive = CorefileDirective;
    using Kind = CorefileRemark::Kind;

    void remark(Kind kind, unsigned line, std::string_view what);
    void unsupported(const Directive& directive, std::string_view why);
    void own_way(const Directive& directive, std::string_view why);
    /// Whether a placeholder of NodeLocal DNSCache's template stands there, which is noted.
    bool placeholder(std::string_view word, unsigned line);
    std::vector<Name> zones_of(const std::vector<std::string>& words, unsigned line);
    std::vector<Name> zones_or(const std::vector<std::string>& words, std::size_t from, unsigned line,
                               const std::vector<Name>& otherwise);

    // corefile_reader.cpp
    void read_key(std::string_view key, unsigned line, CorefileBlock& block);
    void read_plugin(const Directive& plugin, CorefileBlock& block);
    void read_small_plugin(const Directive& plugin);
    void read_bind(const Directive& plugin);
    void read_health(const Directive& plugin);
    void read_bufsize(const Directive& plugin);
    void end_block(CorefileBlock& block);

    // corefile_forward.cpp
    void read_forward(const Directive& plugin, CorefileBlock& block);
    void read_forward_option(const Directive& option, ForwardZone& zone, std::string& tls_name);
    void read_upstream(const std::string& text, unsigned line, ForwardZone& zone);
    void read_cache(const Directive& plugin, CorefileBlock& block);
    void read_cache_option(const Directive& option, TtlBounds& ttl);
    void read_prefetch(const Directive& option);

    // corefile_names.cpp
    void read_hosts(const Directive& plugin);
    void read_host(const Directive& line);
    void read_rewrite(const Directive& plugin);
    void read_kubernetes(const Directive& plugin, CorefileBlock& block);
    void read_kubernetes_option(const Directive& option, CorefileKubernetes& kubernetes);

    std::string_view file_;
    const CorefileSources& sources_;
    CorefileConfig config_;
    bool has_port_ = false;
};

}  // namespace fairlead::dns
