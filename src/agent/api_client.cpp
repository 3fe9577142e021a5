#include "agent/api_client.h"

#include "base/log.h"
#include "kube/api_messages.h"
#include "net/files.h"
#include "net/process.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

constexpr auto kPluginTimeout = std::chrono::seconds(60);
constexpr auto kRenewBefore = std::chrono::minutes(1);

Result<std::string> pem_of(const char* field, const kube::PemSource& source) {
    if (source.file.empty()) return source.text;
    auto text = net::read_file(source.file);
    if (!text) return base::fail_within(field, std::move(text).error());
    if (text->empty())
        return base::fail(ErrorCode::kInvalid, std::string(field) + ": " + source.file + " is empty");
    return text;
}

std::string trimmed(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.pop_back();
    return text;
}

}  // namespace

Result<kube::ApiAccess> find_api_access(const Config& config) {
    kube::ApiAccess access;
    if (!config.kubeconfig.empty()) {
        FAIRLEAD_TRY(const auto text, net::read_file(config.kubeconfig));
        FAIRLEAD_TRY(access, kube::parse_kubeconfig(config.kubeconfig, text, config.context));
    } else if (config.server.starts_with("http://")) {
        access.server = config.server;
    } else {
        auto found = kube::in_cluster_access(net::environment("KUBERNETES_SERVICE_HOST"),
                                             net::environment("KUBERNETES_SERVICE_PORT"));
        if (!found && config.server.empty()) return found;
        if (found) access = *std::move(found);
    }
    if (!config.server.empty()) access.server = config.server;
    return access;
}

Result<std::unique_ptr<ApiClient>> ApiClient::make(net::EventLoop& loop, kube::ApiAccess access) {
    auto url = net::parse_url(access.server);
    if (!url) return base::fail_within("server", std::move(url).error());
    if (!url->user_info.empty())
        return base::fail(ErrorCode::kInvalid, "server: a user does not belong into the URL");
    std::unique_ptr<ApiClient> client{new ApiClient(loop, std::move(access), *std::move(url))};
    FAIRLEAD_TRY(const auto address, client->address());
    if (address.tls) FAIRLEAD_CHECK(net::check_tls(address.tls_options));
    return client;
}

Result<net::HttpServerAddress> ApiClient::address() const {
    net::HttpServerAddress address{url_.tls, url_.host, url_.port, {}, {}, 0};
    auto& tls = address.tls_options;
    tls.server_name = access_.tls_server_name;
    tls.insecure = access_.insecure_skip_tls_verify;
    if (url_.tls) {
        FAIRLEAD_TRY(tls.ca_pem, pem_of("certificate-authority", access_.certificate_authority));
        FAIRLEAD_TRY(tls.certificate_pem, pem_of("client-certificate", access_.client_certificate));
        FAIRLEAD_TRY(tls.key_pem, pem_of("client-key", access_.client_key));
        if (exec_credential_ && !exec_credential_->certificate_pem.empty()) {
            tls.certificate_pem = exec_credential_->certificate_pem;
            tls.key_pem = exec_credential_->key_pem;
        }
    }
    if (!access_.proxy_url.empty()) {
        auto proxy = net::parse_url(access_.proxy_url);
        if (!proxy) return base::fail_within("proxy-url", std::move(proxy).error());
        if (proxy->tls)
            return base::fail(ErrorCode::kUnsupported, "proxy-url: only http:// proxies are supported");
        address.proxy_host = proxy->host;
        address.proxy_port = proxy->port;
        if (!proxy->user_info.empty())
            address.proxy_authorization = "Basic " + kube::encode_base64(proxy->user_info);
    }
    return address;
}

Result<net::HttpRequest> ApiClient::request(const std::string& target, std::string_view accept) const {
    net::HttpRequest request{
        "GET", url_.path + target, {{"Accept", std::string(accept)}, {"User-Agent", "fairlead"}}, {}};
    std::string token = access_.token;
    if (!access_.token_file.empty()) {
        const auto text = net::read_file(access_.token_file);
        if (!text) return base::fail_within("tokenFile", text.error());
        token = trimmed(*text);
        if (token.empty())
            return base::fail(ErrorCode::kInvalid, "tokenFile: " + access_.token_file + " is empty");
    }
    if (exec_credential_ && !exec_credential_->token.empty()) token = exec_credential_->token;
    if (!token.empty())
        request.headers.emplace_back("Authorization", "Bearer " + token);
    else if (!access_.username.empty())
        request.headers.emplace_back(
            "Authorization", "Basic " + kube::encode_base64(access_.username + ":" + access_.password));
    const auto impersonate = [&](const char* header, const std::string& value) {
        if (!value.empty()) request.headers.emplace_back(header, value);
    };
    impersonate("Impersonate-User", access_.impersonated_user);
    impersonate("Impersonate-Uid", access_.impersonated_uid);
    for (const auto& group : access_.impersonated_groups)
        impersonate("Impersonate-Group", group);
    return request;
}

net::HttpExchange ApiClient::get(const std::string& target, net::HttpHandlers handlers,
                                 std::string_view accept) {
    return send(request(target, accept), std::move(handlers));
}

net::HttpExchange ApiClient::post(const std::string& target, std::string json, net::HttpHandlers handlers) {
    auto request = this->request(target, kube::kAcceptedTypes);
    if (request) {
        request->method = "POST";
        request->headers.emplace_back("Content-Type", "application/json");
        request->body = std::move(json);
    }
    return send(std::move(request), std::move(handlers));
}

net::HttpExchange ApiClient::send(Result<net::HttpRequest> request, net::HttpHandlers handlers) {
    auto address = this->address();
    if (address && request)
        return net::send_http(loop_, *std::move(address), *std::move(request), std::move(handlers));
    loop_.post([on_error = std::move(handlers.on_error),
                error = address ? request.error() : address.error()] { on_error(error); });
    return net::HttpExchange{nullptr};
}

void ApiClient::credentials_refused() {
    exec_credential_.reset();
    if (access_.kubeconfig.empty()) return;
    const auto text = net::read_file(access_.kubeconfig);
    auto access = text ? kube::parse_kubeconfig(access_.kubeconfig, *text, access_.context)
                       : Result<kube::ApiAccess>{std::unexpected(text.error())};
    if (!access)
        return base::log_warning("kubeconfig cannot be read anew", {{"error", access.error().message}});
    // Whoever moves to another server restarts the agent.
    access->server = access_.server;
    if (*access == access_) return;
    base::log_info("credentials were refused, those of the kubeconfig have changed",
                   {{"kubeconfig", access_.kubeconfig}});
    access_ = *std::move(access);
}

bool ApiClient::needs_plugin() const {
    if (!access_.exec) return false;
    if (!exec_credential_) return true;
    if (!exec_credential_->expiration_ns) return false;
    const auto now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                            (loop_.wall_now() + kRenewBefore).time_since_epoch())
                            .count();
    return *exec_credential_->expiration_ns < now_ns;
}

void ApiClient::with_credentials(std::function<void(Result<void>)> ready) {
    if (!needs_plugin()) return ready({});
    waiting_.push_back(std::move(ready));
    if (waiting_.size() == 1) run_plugin();
}

void ApiClient::run_plugin() {
    const auto& exec = *access_.exec;
    net::Program program{exec.command, exec.arguments, exec.environment};
    const auto ca_pem = pem_of("certificate-authority", access_.certificate_authority);
    program.environment["KUBERNETES_EXEC_INFO"] = kube::make_exec_info(access_, ca_pem.value_or(""));
    // The kubeconfig may be another one when it ends.
    plugin_ = net::run_program(loop_, program, kPluginTimeout, [this, exec](Result<std::string> output) {
        plugin_ended(exec, std::move(output));
    });
}

void ApiClient::plugin_ended(const kube::ExecPlugin& exec, Result<std::string> output) {
    Result<void> outcome;
    auto credential = output ? kube::parse_exec_credential(*output, exec.api_version)
                             : Result<kube::ExecCredential>{std::unexpected(output.error())};
    if (credential) {
        exec_credential_ = *std::move(credential);
    } else {
        const std::string hint = exec.install_hint.empty() ? "" : " (" + exec.install_hint + ")";
        outcome = base::fail(ErrorCode::kDenied,
                             "credential plugin " + exec.command + ": " + credential.error().message + hint);
    }
    for (const auto& ready : std::exchange(waiting_, {}))
        ready(outcome);
}

}  // namespace fairlead::agent
