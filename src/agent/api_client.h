#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/config.h"
#include "kube/api_access.h"
#include "kube/api_messages.h"
#include "net/event_loop.h"
#include "net/http_client.h"

namespace fairlead::agent {

/// Status of an answer to credentials that are not accepted.
constexpr unsigned kUnauthorized = 401;

/// The access that a configuration names: kubeconfig, --server, or the service account of the Pod that we run
/// in.
base::Result<kube::ApiAccess> find_api_access(const Config& config);

/// Sends requests to an API server with fresh credentials: files are read anew for each request, because
/// tokens and certificates rotate; an exec plugin runs again when what it gave expires or is refused, and so
/// is the kubeconfig read again.
class ApiClient {
  public:
    /// Refuses an access that cannot work, naming the field.
    static base::Result<std::unique_ptr<ApiClient>> make(net::EventLoop& loop, kube::ApiAccess access);

    /// `accept`: in what form the object is wanted. An error in credentials is reported through on_error,
    /// like every other.
    net::HttpExchange get(const std::string& target, net::HttpHandlers handlers,
                          std::string_view accept = kube::kAcceptedTypes);
    /// Sends `json` to create an object. Errors as with get().
    net::HttpExchange post(const std::string& target, std::string json, net::HttpHandlers handlers);

    /// Runs `ready` once credentials are there: at once, or after the exec plugin ended.
    void with_credentials(std::function<void(base::Result<void>)> ready);
    /// The server answered 401: the kubeconfig is read anew, and the plugin is asked again, before the next
    /// request.
    void credentials_refused();

    [[nodiscard]] const std::string& server() const { return access_.server; }

  private:
    ApiClient(net::EventLoop& loop, kube::ApiAccess access, net::Url url)
        : loop_(loop), access_(std::move(access)), url_(std::move(url)) {}
    base::Result<net::HttpServerAddress> address() const;
    base::Result<net::HttpRequest> request(const std::string& target, std::string_view accept) const;
    net::HttpExchange send(base::Result<net::HttpRequest> request, net::HttpHandlers handlers);
    void run_plugin();
    void plugin_ended(const kube::ExecPlugin& exec, base::Result<std::string> output);
    [[nodiscard]] bool needs_plugin() const;

    net::EventLoop& loop_;
    kube::ApiAccess access_;
    net::Url url_;
    std::optional<kube::ExecCredential> exec_credential_;
    net::Subscription plugin_;
    std::vector<std::function<void(base::Result<void>)>> waiting_;
};

}  // namespace fairlead::agent
