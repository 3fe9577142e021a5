#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "admin/metrics.h"
#include "agent/api_client.h"
#include "base/random.h"
#include "kube/reflector.h"
#include "kube/store.h"

namespace fairlead::agent {

/// Fills the stores from an API server: Services and EndpointSlices (without headless ones and those of other
/// proxies), this Node, all Namespaces, ServiceCIDRs where the server has them, and, if wanted, the Pods of
/// this Node, the addresses of all Pods, and one ConfigMap. An outage of any length leaves the stores as they
/// were.
class ApiSource {
  public:
    struct Listener {
        std::function<void()> synced;                  ///< once: Services and EndpointSlices are complete
        std::function<void()> changed;                 ///< after changes were taken in
        std::function<void()> pod_addresses_synced{};  ///< once, if watched: they are complete
    };

    ApiSource(net::EventLoop& loop, std::unique_ptr<ApiClient> client, const std::string& node_name,
              kube::Stores& stores, admin::Metrics& metrics, Listener listener);
    ~ApiSource();
    ApiSource(const ApiSource&) = delete;
    ApiSource& operator=(const ApiSource&) = delete;

    void start();
    /// Fills stores.pods too, from now on; before start() or after it.
    void watch_pods_of_node();
    /// Fills stores.config_maps with this one too; before start().
    void watch_config_map(const kube::ObjectKey& key);
    /// Fills stores.pod_addresses, which nothing else waits for; before start().
    void watch_pod_addresses();

    [[nodiscard]] ApiClient& client() { return *client_; }

    /// Of the Pods of this node, as Reflector::blind_since.
    [[nodiscard]] std::optional<base::TimePoint> blind_to_pods_since() const;

    /// What goes wrong now, one sentence each.
    [[nodiscard]] std::vector<std::string> problems() const;

  private:
    class Watch;
    void on_progress();
    template <class Object>
    std::unique_ptr<Watch> make_watch(kube::Resource resource, kube::Store<Object>& store);
    template <class Object>
    Watch& add(kube::Resource resource, kube::Store<Object>& store);

    net::EventLoop& loop_;
    std::unique_ptr<ApiClient> client_;
    const std::string node_name_;
    kube::Stores& stores_;
    admin::Metrics& metrics_;
    Listener listener_;
    base::Random random_;
    bool started_ = false;
    bool synced_ = false;
    std::vector<std::unique_ptr<Watch>> watches_;
    Watch* pods_ = nullptr;  // of watches_, if it is wanted
    std::unique_ptr<Watch> pod_addresses_;
    bool pod_addresses_synced_ = false;
};

}  // namespace fairlead::agent
