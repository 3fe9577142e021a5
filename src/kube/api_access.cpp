#include "kube/api_access.h"

#include <yaml-cpp/yaml.h>

#include "base/json.h"
#include "kube/json_reader.h"
#include "kube/rfc3339.h"

namespace fairlead::kube {

namespace {

using base::ErrorCode;
using base::Result;

constexpr const char* kServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount/";

/// Reads a kubeconfig's fields; the first that is wrong is remembered.
class Kubeconfig {
  public:
    explicit Kubeconfig(const std::string& file_name) : file_name_(file_name) {
        const auto slash = file_name.rfind('/');
        folder_ = slash == std::string::npos ? "" : file_name.substr(0, slash + 1);
    }

    [[nodiscard]] bool failed() const { return !error_.empty(); }
    [[nodiscard]] std::unexpected<base::Error> failure() const {
        return base::fail(ErrorCode::kInvalid, error_);
    }

    void refuse(const YAML::Node& at, const std::string& field, const std::string& reason) {
        if (failed()) return;
        const auto mark = at.IsDefined() ? at.Mark() : YAML::Mark::null_mark();
        error_ = file_name_ + (mark.is_null() ? "" : ":" + std::to_string(mark.line + 1)) + ": " + field +
                 ": " + reason;
    }

    std::string text(const YAML::Node& parent, const char* field, const std::string& path) {
        const auto node = parent[field];
        if (!node || node.IsNull()) return {};
        if (node.IsScalar()) return node.Scalar();
        refuse(node, path + "." + field, "wants text");
        return {};
    }

    std::vector<std::string> texts(const YAML::Node& parent, const char* field, const std::string& path) {
        const auto list = parent[field];
        std::vector<std::string> values;
        if (!list || list.IsNull()) return values;
        if (!list.IsSequence()) refuse(list, path + "." + field, "wants a list");
        for (std::size_t i = 0; list.IsSequence() && i < list.size(); ++i) {
            if (list[i].IsScalar())
                values.push_back(list[i].Scalar());
            else
                refuse(list[i], path + "." + field + "[" + std::to_string(i) + "]", "wants text");
        }
        return values;
    }

    bool boolean(const YAML::Node& parent, const char* field, const std::string& path) {
        const auto value = text(parent, field, path);
        if (value.empty() || value == "false") return false;
        if (value != "true") refuse(parent[field], path + "." + field, "wants true or false");
        return value == "true";
    }

    std::string file(const YAML::Node& parent, const char* field, const std::string& path) {
        const auto name = text(parent, field, path);
        return name.empty() || name.starts_with('/') ? name : folder_ + name;
    }

    /// A program of the PATH, or a path from the file's folder.
    std::string command(const YAML::Node& exec, const std::string& path) {
        const auto name = text(exec, "command", path);
        return name.find('/') == std::string::npos ? name : file(exec, "command", path);
    }

    /// FIELD-data (base64) goes over FIELD (a file).
    PemSource pem(const YAML::Node& parent, const std::string& field, const std::string& path) {
        const std::string data_field = field + "-data";
        const auto data = text(parent, data_field.c_str(), path);
        if (data.empty()) return {"", file(parent, field.c_str(), path)};
        const auto decoded = decode_base64(data);
        if (!decoded) refuse(parent[data_field], path + "." + data_field, "is no base64");
        return {decoded.value_or(""), ""};
    }

    /// The entry called `name` of a list like `contexts`; its part `part` ("context").
    YAML::Node named(const YAML::Node& root, const char* list, const char* part, const std::string& name) {
        const auto entries = root[list];
        for (std::size_t i = 0; entries && entries.IsSequence() && i < entries.size(); ++i) {
            const auto entry = entries[i];
            if (entry.IsMap() && text(entry, "name", list) == name && entry[part] && entry[part].IsMap())
                return entry[part];
        }
        refuse(entries, list, "has no '" + name + "'");
        return {};
    }

  private:
    const std::string& file_name_;
    std::string folder_;
    std::string error_;
};

void read_environment(Kubeconfig& config, const YAML::Node& list, const std::string& path,
                      ExecPlugin& plugin) {
    if (!list || list.IsNull()) return;
    if (!list.IsSequence()) return config.refuse(list, path, "wants a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto place = path + "[" + std::to_string(i) + "]";
        if (!list[i].IsMap()) return config.refuse(list[i], place, "wants a name and a value");
        const auto name = config.text(list[i], "name", place);
        if (name.empty()) config.refuse(list[i], place + ".name", "is missing");
        plugin.environment[name] = config.text(list[i], "value", place);
    }
}

ExecPlugin read_exec(Kubeconfig& config, const YAML::Node& exec, const std::string& path) {
    ExecPlugin plugin;
    plugin.command = config.command(exec, path);
    plugin.api_version = config.text(exec, "apiVersion", path);
    plugin.install_hint = config.text(exec, "installHint", path);
    plugin.provide_cluster_info = config.boolean(exec, "provideClusterInfo", path);
    if (plugin.command.empty()) config.refuse(exec, path + ".command", "is missing");
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1")
        config.refuse(exec, path + ".apiVersion",
                      "'" + plugin.api_version + "' is neither client.authentication.k8s.io/v1 nor v1beta1");
    if (config.text(exec, "interactiveMode", path) == "Always")
        config.refuse(exec, path + ".interactiveMode", "is Always, but an agent has nobody to ask");
    plugin.arguments = config.texts(exec, "args", path);
    read_environment(config, exec["env"], path + ".env", plugin);
    return plugin;
}

void read_cluster(Kubeconfig& config, const YAML::Node& cluster, const std::string& path, ApiAccess& access) {
    access.server = config.text(cluster, "server", path);
    if (access.server.empty()) config.refuse(cluster, path + ".server", "is missing");
    access.certificate_authority = config.pem(cluster, "certificate-authority", path);
    access.insecure_skip_tls_verify = config.boolean(cluster, "insecure-skip-tls-verify", path);
    access.tls_server_name = config.text(cluster, "tls-server-name", path);
    access.proxy_url = config.text(cluster, "proxy-url", path);
    if (access.insecure_skip_tls_verify && !access.certificate_authority.empty())
        config.refuse(cluster, path + ".insecure-skip-tls-verify", "excludes a certificate-authority");
}

void read_impersonation(Kubeconfig& config, const YAML::Node& user, const std::string& path,
                        ApiAccess& access) {
    access.impersonated_user = config.text(user, "as", path);
    access.impersonated_uid = config.text(user, "as-uid", path);
    access.impersonated_groups = config.texts(user, "as-groups", path);
    const bool is_half = !access.impersonated_uid.empty() || !access.impersonated_groups.empty();
    if (access.impersonated_user.empty() && is_half)
        config.refuse(user, path + ".as", "is missing beside as-uid or as-groups");
    if (const auto extra = user["as-user-extra"]; extra && !extra.IsNull())
        config.refuse(extra, path + ".as-user-extra", "is not supported");
}

void read_user(Kubeconfig& config, const YAML::Node& user, const std::string& path, ApiAccess& access) {
    access.client_certificate = config.pem(user, "client-certificate", path);
    access.client_key = config.pem(user, "client-key", path);
    if (access.client_certificate.empty() != access.client_key.empty())
        config.refuse(user, path + ".client-key", "client-certificate and client-key go together");
    access.token = config.text(user, "token", path);
    access.token_file = config.file(user, "tokenFile", path);
    access.username = config.text(user, "username", path);
    access.password = config.text(user, "password", path);
    if (const auto exec = user["exec"]; exec && !exec.IsNull()) {
        if (!exec.IsMap()) return config.refuse(exec, path + ".exec", "wants a map");
        access.exec = read_exec(config, exec, path + ".exec");
    }
    read_impersonation(config, user, path, access);
    if (user["auth-provider"])
        config.refuse(user["auth-provider"], path + ".auth-provider",
                      "was removed from Kubernetes: use exec");
}

Result<ApiAccess> read_access(const std::string& file_name, const YAML::Node& root,
                              std::string context_name) {
    Kubeconfig config{file_name};
    if (!root.IsMap()) config.refuse(root, "kind", "is no kubeconfig");
    if (config.failed()) return config.failure();
    if (context_name.empty()) context_name = config.text(root, "current-context", "");
    if (context_name.empty())
        config.refuse(root, "current-context", "is not set, and no context was asked for");
    ApiAccess access;
    const auto context =
        config.failed() ? YAML::Node{} : config.named(root, "contexts", "context", context_name);
    if (config.failed()) return config.failure();
    const std::string cluster_name = config.text(context, "cluster", "contexts." + context_name);
    const std::string user_name = config.text(context, "user", "contexts." + context_name);
    const auto cluster = config.named(root, "clusters", "cluster", cluster_name);
    if (!config.failed()) read_cluster(config, cluster, "clusters." + cluster_name, access);
    if (!config.failed() && !user_name.empty()) {
        const auto user = config.named(root, "users", "user", user_name);
        if (!config.failed()) read_user(config, user, "users." + user_name, access);
    }
    if (config.failed()) return config.failure();
    access.kubeconfig = file_name;
    access.context = context_name;
    return access;
}

}  // namespace

Result<ApiAccess> parse_kubeconfig(const std::string& file_name, std::string_view text,
                                   const std::string& context) {
    try {
        return read_access(file_name, YAML::Load(std::string(text)), context);
    } catch (const YAML::Exception& error) {
        return base::fail(ErrorCode::kInvalid,
                          file_name + ":" + std::to_string(error.mark.line + 1) + ": " + error.msg);
    }
}

Result<ApiAccess> in_cluster_access(const std::string& service_host, const std::string& service_port) {
    if (service_host.empty() || service_port.empty())
        return base::fail(ErrorCode::kNotFound,
                          "no API server: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, "
                          "so this is no Pod; give "
                          "--kubeconfig, --server or --manifests");
    ApiAccess access;
    const bool ipv6 = service_host.find(':') != std::string::npos;
    access.server = "https://" + (ipv6 ? "[" + service_host + "]" : service_host) + ":" + service_port;
    access.certificate_authority.file = std::string(kServiceAccountFolder) + "ca.crt";
    access.token_file = std::string(kServiceAccountFolder) + "token";
    return access;
}

Result<ExecCredential> parse_exec_credential(std::string_view json, std::string_view api_version) {
    simdjson::dom::parser parser;
    JsonReader::Object object;
    if (parser.parse(json.data(), json.size()).get(object))
        return base::fail(ErrorCode::kInvalid, "printed no JSON object");
    JsonReader reader;
    ExecCredential credential;
    if (reader.text(object, "kind") != "ExecCredential") reader.refuse("kind", "is not ExecCredential");
    const auto version = reader.text(object, "apiVersion");
    if (!api_version.empty() && version != api_version)
        reader.refuse("apiVersion", "'" + std::string(version) + "' is not " + std::string(api_version) +
                                        ", as the kubeconfig has it");
    reader.object(object, "status", [&](JsonReader::Object status) {
        credential.token = reader.text(status, "token");
        credential.certificate_pem = reader.text(status, "clientCertificateData");
        credential.key_pem = reader.text(status, "clientKeyData");
        const auto expiration = reader.text(status, "expirationTimestamp");
        if (!expiration.empty()) credential.expiration_ns = parse_rfc3339(expiration);
        if (!expiration.empty() && !credential.expiration_ns)
            reader.refuse("expirationTimestamp", "is no time");
    });
    if (credential.token.empty() && credential.certificate_pem.empty())
        reader.refuse("status", "holds neither a token nor a certificate");
    if (credential.certificate_pem.empty() != credential.key_pem.empty())
        reader.refuse("status.clientKeyData", "clientCertificateData and clientKeyData go together");
    if (reader.failed()) return base::fail(ErrorCode::kInvalid, reader.field() + ": " + reader.reason());
    return credential;
}

std::string make_exec_info(const ApiAccess& access, std::string_view ca_pem) {
    const auto& plugin = access.exec.value_or(ExecPlugin{});
    std::string info = R"({"kind":"ExecCredential","apiVersion":)" + base::json_quote(plugin.api_version) +
                       R"(,"spec":{"interactive":false)";
    if (plugin.provide_cluster_info) {
        info += R"(,"cluster":{"server":)" + base::json_quote(access.server);
        const auto add = [&](const char* name, const std::string& value) {
            if (!value.empty()) info += "," + base::json_quote(name) + ":" + base::json_quote(value);
        };
        add("tls-server-name", access.tls_server_name);
        add("proxy-url", access.proxy_url);
        add("certificate-authority-data", encode_base64(ca_pem));
        if (access.insecure_skip_tls_verify) info += R"(,"insecure-skip-tls-verify":true)";
        info += "}";
    }
    return info + "}}";
}

}  // namespace fairlead::kube
