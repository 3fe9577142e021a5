#include "lab/tour.h"
namespace fairlead::lab {
base::Result<void> run_tour() {
    return {};
}
}  // namespace fairlead::lab
