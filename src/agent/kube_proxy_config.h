#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/config.h"

namespace fairlead::agent {

/// What a configuration of kube-proxy comes to.
struct KubeProxyConfig {
    ConfigDraft draft;
    /// What of it is not as it would be with kube-proxy, one sentence each: "FILE:LINE: FIELD: why".
    std::vector<std::string> notes;
};

/// `text` of the file called `file_name`, kind KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1,
/// over kube-proxy's own defaults (pkg/proxy/apis/config/v1alpha1/defaults.go). Empty values are defaults, as
/// in the files that kubeadm writes. Fields that fairlead has no use for are in `notes` where they are not as
/// kube-proxy would have them anyway. Unknown fields, wrong types and impossible values are refused with
/// "FILE:LINE: FIELD: why".
base::Result<KubeProxyConfig> parse_kube_proxy_config(std::string_view file_name, std::string_view text);

}  // namespace fairlead::agent
