#include "agent/manifest_source.h"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "kube/slice_controller.h"

namespace fairlead::agent {

namespace {

// The allocator keeps the pages of what was only needed for a change; by then the change is through.
constexpr auto kTrimDelay = std::chrono::seconds(1);

/// The ranges that kubeadm's users mostly have, where none is configured.
std::vector<base::Prefix> or_defaults(std::vector<base::Prefix> ranges) {
    if (ranges.empty())
        for (const auto* text : {"10.96.0.0/12", "fd00:10:96::/112"})
            ranges.push_back(base::Prefix::parse(text).value());
    return ranges;
}

}  // namespace

ManifestSource::ManifestSource(net::EventLoop& loop, std::vector<base::Prefix> service_cidrs,
                               kube::Stores& stores, std::function<void()> changed)
    : loop_(loop),
      stores_(stores),
      changed_(std::move(changed)),
      service_cidrs_(or_defaults(std::move(service_cidrs))),
      allocator_(service_cidrs_) {}

base::Result<std::unique_ptr<ManifestSource>> ManifestSource::start(net::EventLoop& loop,
                                                                    const std::string& directory,
                                                                    std::vector<base::Prefix> service_cidrs,
                                                                    kube::Stores& stores,
                                                                    std::function<void()> changed) {
    std::unique_ptr<ManifestSource> source{
        new ManifestSource(loop, std::move(service_cidrs), stores, std::move(changed))};
    FAIRLEAD_TRY(source->watcher_, net::DirectoryWatcher::start(loop, directory, source->listener()));
    source->rebuild();
    return source;
}

void ManifestSource::configure(std::vector<base::Prefix> service_cidrs) {
    service_cidrs = or_defaults(std::move(service_cidrs));
    if (service_cidrs == service_cidrs_) return;
    service_cidrs_ = std::move(service_cidrs);
    allocator_ = kube::ClusterIpAllocator{service_cidrs_};
    rebuild();
}

void ManifestSource::keep_pods_of(const std::string& node_name) {
    if (node_of_pods_ == node_name) return;
    node_of_pods_ = node_name;
    rebuild();
}

void ManifestSource::keep_pod_addresses() {
    if (std::exchange(keeps_pod_addresses_, true)) return;
    rebuild();
}

net::DirectoryWatcher::Listener ManifestSource::listener() {
    net::DirectoryWatcher::Listener listener;
    listener.changed = [this](const std::string& path, const std::string& text) {
        files_.put(path, text);
        schedule();
    };
    listener.removed = [this](const std::string& path) {
        files_.remove(path);
        schedule();
    };
    listener.problem = [this](const std::string& path, const std::string& message) {
        unreadable_[path] = message;
        schedule();
    };
    listener.mended = [this](const std::string& path) {
        unreadable_.erase(path);
        schedule();
    };
    return listener;
}

std::vector<base::IpAddress> ManifestSource::pod_addresses(const kube::ObjectKey& pod) const {
    const auto found = files_.find_pod(pod);
    return found ? found->pod_ips : std::vector<base::IpAddress>{};
}

void ManifestSource::schedule() {
    if (!watcher_ || std::exchange(scheduled_, true)) return;
    loop_.post([this] { rebuild(); });
}

void ManifestSource::rebuild() {
    scheduled_ = false;
    auto objects = files_.shared_objects();
    std::vector<std::string> problems;
    problems.reserve(unreadable_.size());
    for (const auto& [path, message] : unreadable_)
        problems.push_back(fmt::format("{}: {}; what was known of it stays", path, message));
    for (const auto& problem : files_.problems())
        problems.push_back(problem.to_string());
    for (auto& problem : allocator_.assign(objects.services))
        problems.push_back(std::move(problem));
    report(std::move(problems));
    mention(files_.notices());
    fill_stores(std::move(objects));
    files_.share_with(stores_);
    changed_();
    trimming_ = loop_.after(kTrimDelay, [] { malloc_trim(0); });
}

void ManifestSource::fill_stores(kube::ManifestFiles::SharedObjects objects) {
    stores_.services.replace_all(objects.services);
    // Before slices are made: they take the memory of the Services without ClusterIPs that are let go here.
    files_.share_with(stores_);
    stores_.slices.replace_with([&](const auto& put) {
        kube::derive_slices_beside(objects.slices, {objects.services, objects.pods, objects.nodes}, put);
    });
    stores_.nodes.replace_all(objects.nodes);
    stores_.namespaces.replace_all(objects.namespaces);
    stores_.service_cidrs.replace_all(objects.service_cidrs);
    stores_.config_maps.replace_all(objects.config_maps);
    if (keeps_pod_addresses_) take_pod_addresses(objects.pods);
    std::erase_if(objects.pods, [this](const auto& pod) {
        return node_of_pods_.empty() || pod->node_name != node_of_pods_;
    });
    stores_.pods.replace_all(objects.pods);
}

void ManifestSource::take_pod_addresses(const std::vector<std::shared_ptr<const kube::Pod>>& pods) {
    stores_.pod_addresses.replace_with([&](const auto& put) {
        for (const auto& pod : pods)
            if (auto addresses = kube::PodAddresses::of(*pod))
                put(std::make_shared<const kube::PodAddresses>(*std::move(addresses)));
    });
}

void ManifestSource::report(std::vector<std::string> problems) {
    for (const auto& problem : problems)
        if (std::ranges::find(problems_, problem) == problems_.end())
            base::log_error("manifest cannot be used", {{"problem", problem}});
    problems_ = std::move(problems);
}

void ManifestSource::mention(std::vector<kube::ManifestProblem> notices) {
    for (const auto& notice : notices)
        if (std::ranges::find(notices_, notice) == notices_.end())
            base::log_info("manifest passed over", {{"notice", notice.to_string()}});
    notices_ = std::move(notices);
}

}  // namespace fairlead::agent
