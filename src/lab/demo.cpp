#include "lab/demo.h"

#include <fmt/format.h>

namespace fairlead::lab {

std::string demo_services() {
    return R"(apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  ipFamilyPolicy: PreferDualStack
  ipFamilies: [IPv4, IPv6]
  selector: {app: cart}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: echo, port: 7, protocol: UDP, targetPort: echo}
---
apiVersion: v1
kind: Pod
metadata: {name: visitor, namespace: shop, labels: {app: visitor}}
spec:
  containers:
  - {name: visitor, image: lab}
)";
}

std::string demo_pods(unsigned replicas) {
    std::string text;
    for (unsigned i = 1; i <= replicas; ++i)
        text += fmt::format(R"({0}apiVersion: v1
kind: Pod
metadata: {{name: cart-{1}, namespace: shop, labels: {{app: cart}}}}
spec:
  containers:
  - name: cart
    image: lab
    ports:
    - {{name: http, containerPort: 8080}}
    - {{name: echo, containerPort: 7000, protocol: UDP}}
)",
                            i > 1 ? "---\n" : "", i);
    return text;
}

}  // namespace fairlead::lab
