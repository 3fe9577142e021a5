#pragma once

// For .cpp files of net/ only: everybody else sees event_loop.h, which costs nothing to compile.

#include <boost/asio/io_context.hpp>

#include "net/event_loop.h"

namespace fairlead::net {

struct EventLoop::State {
    boost::asio::io_context context{1};
};

}  // namespace fairlead::net
