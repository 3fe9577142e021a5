#include "kube/store_sink.h"

namespace fairlead::kube {

void keep(Store<PodAddresses>& store, AnyObject object) {
    auto* const pod = std::get_if<Pod>(&object);
    if (pod == nullptr) return;
    const auto key = pod->key;
    if (auto kept = PodAddresses::of(std::move(*pod)))
        store.put(*std::move(kept));
    else
        store.remove(key);
}

void trim(const Store<PodAddresses>& /*store*/, AnyObject& object) {
    auto* const pod = std::get_if<Pod>(&object);
    if (pod == nullptr) return;
    Pod trimmed;
    trimmed.key = std::move(pod->key);
    trimmed.pod_ips = std::move(pod->pod_ips);
    trimmed.finished = pod->finished;
    *pod = std::move(trimmed);
}

}  // namespace fairlead::kube
