#include "services/annotations.h"

#include <algorithm>

namespace fairlead::services {

namespace {

struct Annotation {
    std::string_view name;
    std::string_view usual;  ///< the value that says what happens without it
    std::string_view other;
};

constexpr Annotation kBalancing{"fairlead.io/balancing", "random", "consistent"};
constexpr Annotation kResets{"fairlead.io/reset-connections", "never", "endpoint-removed"};
constexpr Annotation kAnnotations[] = {kBalancing, kResets};

bool wants(const kube::Service& service, const Annotation& annotation) {
    const auto found = service.annotations->find(annotation.name);
    return found != service.annotations->end() && found->second == annotation.other;
}

}  // namespace

ServiceWishes wishes_of(const kube::Service& service) {
    return {wants(service, kBalancing), wants(service, kResets)};
}

std::vector<std::string> annotation_problems(const kube::Service& service) {
    std::vector<std::string> problems;
    for (const auto& [name, value] : *service.annotations) {
        const auto* known = std::ranges::find(kAnnotations, name, &Annotation::name);
        const auto of_service = "annotation " + name + " of Service " + service.key.to_string();
        if (known == std::end(kAnnotations))
            problems.push_back(of_service + ": no such annotation");
        else if (value != known->usual && value != known->other)
            problems.push_back(of_service + ": '" + value + "' is neither " + std::string(known->usual) +
                               " nor " + std::string(known->other));
    }
    return problems;
}

}  // namespace fairlead::services
