#pragma once

// For .cpp files of net/ only.

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fairlead::net {

/// To wait for an operation in a coroutine and have its failure in `error`.
inline auto into(boost::system::error_code& error) {
    return boost::asio::redirect_error(boost::asio::use_awaitable, error);
}

}  // namespace fairlead::net
