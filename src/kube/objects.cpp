#include "kube/objects.h"

namespace fairlead::kube {

std::string ObjectKey::to_string() const {
    return namespace_name.empty() ? name : namespace_name + "/" + name;
}

}  // namespace fairlead::kube
