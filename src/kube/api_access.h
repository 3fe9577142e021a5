#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::kube {

/// A PEM text, or the file that holds it; both empty: not given.
struct PemSource {
    std::string text;
    std::string file;

    [[nodiscard]] bool empty() const { return text.empty() && file.empty(); }
    friend bool operator==(const PemSource&, const PemSource&) = default;
};

/// A program that gives credentials (client.authentication.k8s.io ExecConfig).
struct ExecPlugin {
    std::string command;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::string api_version;
    std::string install_hint;
    bool provide_cluster_info = false;

    friend bool operator==(const ExecPlugin&, const ExecPlugin&) = default;
};

/// How to reach an API server and who we are there.
struct ApiAccess {
    std::string server;  ///< URL
    PemSource certificate_authority;
    bool insecure_skip_tls_verify = false;
    std::string tls_server_name;
    std::string proxy_url;
    PemSource client_certificate;
    PemSource client_key;
    std::string token;
    std::string token_file;  ///< read again now and then: tokens rotate
    std::string username;
    std::string password;
    std::optional<ExecPlugin> exec;
    // Whom to act as (client-go "as", "as-uid", "as-groups").
    std::string impersonated_user;
    std::string impersonated_uid;
    std::vector<std::string> impersonated_groups;

    // Where this was read; empty: not from a kubeconfig.
    std::string kubeconfig;
    std::string context;

    friend bool operator==(const ApiAccess&, const ApiAccess&) = default;
};

/// The access that a kubeconfig (kind Config, client-go clientcmd/api/v1) gives for `context`, or for its
/// current-context where that is empty. Relative paths are taken from the folder of `file_name`.
/// Errors name the file, the line where there is one, and the field.
base::Result<ApiAccess> parse_kubeconfig(const std::string& file_name, std::string_view text,
                                         const std::string& context);

/// The access of a Pod's service account: KUBERNETES_SERVICE_HOST and _PORT, and the files under
/// /var/run/secrets/kubernetes.io/serviceaccount. kNotFound outside a cluster.
base::Result<ApiAccess> in_cluster_access(const std::string& service_host, const std::string& service_port);

/// What an exec plugin printed (client.authentication.k8s.io ExecCredential, v1 and v1beta1).
struct ExecCredential {
    std::string token;
    std::string certificate_pem;
    std::string key_pem;
    std::optional<std::int64_t> expiration_ns;  ///< Unix nanoseconds

    friend bool operator==(const ExecCredential&, const ExecCredential&) = default;
};
/// Refuses one of another version than `api_version`, unless that is empty.
base::Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version = {});

/// What a plugin is told in KUBERNETES_EXEC_INFO (client.authentication.k8s.io ExecCredential with a spec);
/// `ca_pem` is the text of the certificate authority, for plugins that want to know the cluster.
std::string make_exec_info(const ApiAccess& access, std::string_view ca_pem);

/// RFC 4648 section 4. nullopt if it is no base64.
std::optional<std::string> decode_base64(std::string_view text);

/// RFC 4648 section 4.
std::string encode_base64(std::string_view bytes);

}  // namespace fairlead::kube
