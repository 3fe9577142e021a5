#include "base/version.h"

namespace fairlead::base {

const std::string_view kVersion = FAIRLEAD_VERSION;

}  // namespace fairlead::base
