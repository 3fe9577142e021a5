#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kube/store.h"

namespace fairlead::test {

/// A ClusterIP Service in namespace "shop" with TCP port 80 called "http".
kube::Service service(std::string_view name, std::vector<std::string> cluster_ips);

/// A slice of that Service: ready endpoints on node "n1", port "http" 8080. The family is that of the first
/// address.
kube::EndpointSlice slice(std::string_view service, std::vector<std::string> addresses,
                          std::string_view suffix = "1");

/// A change set that adds, replaces or removes (`after` absent) one object.
kube::ChangeSet change(std::shared_ptr<const kube::Service> before,
                       std::shared_ptr<const kube::Service> after);
kube::ChangeSet change(std::shared_ptr<const kube::EndpointSlice> before,
                       std::shared_ptr<const kube::EndpointSlice> after);

template <class Object>
std::shared_ptr<const Object> shared(Object object) {
    return std::make_shared<const Object>(std::move(object));
}

template <class Object>
std::vector<std::shared_ptr<const Object>> shared_each(const std::vector<Object>& objects) {
    std::vector<std::shared_ptr<const Object>> pointers;
    for (const auto& object : objects)
        pointers.push_back(shared(object));
    return pointers;
}

}  // namespace fairlead::test
