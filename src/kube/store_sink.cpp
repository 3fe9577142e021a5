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

}  // namespace fairlead::kube
