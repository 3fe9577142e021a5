#include "agent/pod_certainty.h"

namespace fairlead::agent {

void PodCertainty::update(base::TimePoint now, std::optional<base::TimePoint> blind_since) {
    if (blind_since) {
        heard_since_.reset();
        if (now - *blind_since >= kLongestBlindness) certain_ = false;
        return;
    }
    if (!heard_since_) heard_since_ = now;
    if (now - *heard_since_ >= kCatchUp) certain_ = true;
}

}  // namespace fairlead::agent
