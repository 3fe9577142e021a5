#include "agent/api_source.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "kube/store_sink.h"

namespace fairlead::agent {

namespace {

using base::Result;

// Labels that kube-proxy selects by: headless Services and those of another proxy are none of its business.
constexpr const char* kServiceSelector = "!service.kubernetes.io/service-proxy-name";
constexpr const char* kSliceSelector =
    "!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name";
// The address of a Pod that has finished is nobody's, or another's.
constexpr const char* kRunningPods = "status.phase!=Succeeded,status.phase!=Failed";

}  // namespace

/// One collection: its reflector, the request under way and the timer.
class ApiSource::Watch {
  public:
    Watch(ApiSource& source, kube::Resource resource, std::unique_ptr<kube::ReflectorSink> sink)
        : source_(source),
          sink_(std::move(sink)),
          reflector_(std::move(resource), *sink_, source.random_),
          requests_(source.metrics_.counter("fairlead_watch_requests_total",
                                            "List and watch requests sent to the API server.",
                                            {{"resource", reflector_.resource().name}})) {}

    [[nodiscard]] const kube::Reflector& reflector() const { return reflector_; }

    /// Sends what the reflector wants sent, and comes back at its deadline.
    void step() {
        const auto now = source_.loop_.now();
        if (reflector_.expired(now)) reflector_.failed(now, "no sign of life from the API server");
        if (!reflector_.busy()) exchange_.reset();
        if (const auto target = reflector_.poll(now)) send(*target);
        const auto wait = std::max(reflector_.next_deadline() - source_.loop_.now(), base::Duration{0});
        timer_ = source_.loop_.after(wait, [this] { step(); });
    }

  private:
    void send(const std::string& target) {
        requests_.add();
        source_.client_->with_credentials([this, target](const Result<void>& ready) {
            if (!ready) return source_.loop_.post([this, error = ready.error()] { on_error(error); });
            exchange_ = source_.client_->get(target, handlers());
        });
    }

    net::HttpHandlers handlers() {
        net::HttpHandlers handlers;
        handlers.on_head = [this](const net::HttpHead& head) {
            if (head.status == kUnauthorized) source_.client_->credentials_refused();
            reflector_.receive_head(source_.loop_.now(), head.status, head.header("Retry-After"),
                                    head.header("Content-Type"));
        };
        handlers.on_body = [this](std::string_view bytes) {
            reflector_.receive_body(source_.loop_.now(), bytes);
            if (!reflector_.busy()) source_.loop_.post([this] { step(); });
            source_.on_progress();
        };
        handlers.on_end = [this] {
            reflector_.receive_end(source_.loop_.now());
            source_.on_progress();
            source_.loop_.post([this] { step(); });
        };
        handlers.on_error = [this](const base::Error& error) { on_error(error); };
        return handlers;
    }

    void on_error(const base::Error& error) {
        reflector_.failed(source_.loop_.now(), error.message);
        source_.on_progress();
        step();
    }

    ApiSource& source_;
    std::unique_ptr<kube::ReflectorSink> sink_;
    kube::Reflector reflector_;
    admin::Number& requests_;
    std::optional<net::HttpExchange> exchange_;
    net::Subscription timer_;
};

ApiSource::ApiSource(net::EventLoop& loop, std::unique_ptr<ApiClient> client, const std::string& node_name,
                     kube::Stores& stores, admin::Metrics& metrics, Listener listener)
    : loop_(loop),
      client_(std::move(client)),
      node_name_(node_name),
      stores_(stores),
      metrics_(metrics),
      listener_(std::move(listener)),
      random_(std::random_device{}()) {
    add({"services", "/api/v1/services", "Service", kServiceSelector, ""}, stores.services);
    add({"endpointslices", "/apis/discovery.k8s.io/v1/endpointslices", "EndpointSlice", kSliceSelector, ""},
        stores.slices);
    add({"nodes", "/api/v1/nodes", "Node", "", "metadata.name=" + node_name}, stores.nodes);
    add({"namespaces", "/api/v1/namespaces", "Namespace"}, stores.namespaces);
    // Since Kubernetes 1.33.
    add({.name = "servicecidrs",
         .path = "/apis/networking.k8s.io/v1/servicecidrs",
         .kind = "ServiceCIDR",
         .may_be_absent = true},
        stores.service_cidrs);
}

template <class Object>
std::unique_ptr<ApiSource::Watch> ApiSource::make_watch(kube::Resource resource, kube::Store<Object>& store) {
    auto report = [](const std::string& message) { base::log_warning(message); };
    return std::make_unique<Watch>(*this, std::move(resource),
                                   std::make_unique<kube::StoreSink<Object>>(store, std::move(report)));
}

template <class Object>
ApiSource::Watch& ApiSource::add(kube::Resource resource, kube::Store<Object>& store) {
    watches_.push_back(make_watch(std::move(resource), store));
    return *watches_.back();
}

ApiSource::~ApiSource() = default;

void ApiSource::watch_pods_of_node() {
    if (pods_ != nullptr) return;
    pods_ = &add({"pods", "/api/v1/pods", "Pod", "", "spec.nodeName=" + node_name_}, stores_.pods);
    if (started_) pods_->step();
}

void ApiSource::watch_pod_addresses() {
    pod_addresses_ =
        make_watch({"pods of all nodes", "/api/v1/pods", "Pod", "", kRunningPods}, stores_.pod_addresses);
}

void ApiSource::watch_config_map(const kube::ObjectKey& key) {
    add({"configmaps", "/api/v1/namespaces/" + key.namespace_name + "/configmaps", "ConfigMap", "",
         "metadata.name=" + key.name},
        stores_.config_maps);
}

void ApiSource::start() {
    started_ = true;
    for (const auto& watch : watches_)
        watch->step();
    if (pod_addresses_) pod_addresses_->step();
}

void ApiSource::on_progress() {
    // What Services become depends on the others too; but who may not see them shall still have Services.
    const auto is_known = [](const auto& watch) { return watch->reflector().answered(); };
    const bool complete = watches_[0]->reflector().synced() && watches_[1]->reflector().synced() &&
                          std::ranges::all_of(watches_, is_known);
    if (!complete) return;
    listener_.changed();
    if (!std::exchange(synced_, true)) listener_.synced();
    if (pod_addresses_ && pod_addresses_->reflector().synced() && !std::exchange(pod_addresses_synced_, true))
        listener_.pod_addresses_synced();
}

std::optional<base::TimePoint> ApiSource::blind_to_pods_since() const {
    return pods_ == nullptr ? std::nullopt : pods_->reflector().blind_since();
}

std::vector<std::string> ApiSource::problems() const {
    std::vector<std::string> problems;
    const auto add = [&](const Watch& watch) {
        if (!watch.reflector().last_error().empty()) problems.push_back(watch.reflector().last_error());
    };
    for (const auto& watch : watches_)
        add(*watch);
    if (pod_addresses_) add(*pod_addresses_);
    return problems;
}

}  // namespace fairlead::agent
