#include "base/result.h"

#include <cerrno>
#include <system_error>

namespace fairlead::base {

ErrorCode code_of_errno(int errno_value) {
    switch (errno_value) {
        case ENOENT:
        case ESRCH:
        case ENODEV:
            return ErrorCode::kNotFound;
        case EEXIST:
            return ErrorCode::kExists;
        case EPERM:
        case EACCES:
            return ErrorCode::kDenied;
        case EOPNOTSUPP:
        case EPROTONOSUPPORT:
        case EAFNOSUPPORT:
        case ENOSYS:
            return ErrorCode::kUnsupported;
        case EAGAIN:
        case EINTR:
        case ENOBUFS:
        case EBUSY:
            return ErrorCode::kBusy;
        case ECONNREFUSED:
        case ECONNRESET:
        case ENETUNREACH:
        case EHOSTUNREACH:
        case EPIPE:
        case ETIMEDOUT:
            return ErrorCode::kUnavailable;
        case EINVAL:
        case ERANGE:
        case E2BIG:
            return ErrorCode::kInvalid;
        default:
            return ErrorCode::kInternal;
    }
}

std::unexpected<Error> fail_errno(int errno_value, std::string_view what) {
    std::string message{what};
    message += ": ";
    message += std::generic_category().message(errno_value);
    return fail(code_of_errno(errno_value), std::move(message), errno_value);
}

std::unexpected<Error> fail_within(std::string_view context, Error error) {
    error.message.insert(0, ": ").insert(0, context);
    return std::unexpected<Error>(std::move(error));
}

}  // namespace fairlead::base
