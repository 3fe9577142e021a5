#include "net/descriptor.h"

#include <unistd.h>

namespace fairlead::net {

Descriptor::~Descriptor() {
    if (fd_ >= 0) close(fd_);
}

}  // namespace fairlead::net
