#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace fairlead::base {

/// What callers branch on. Everything else about a failure is in `Error::message`.
enum class ErrorCode {
    kInvalid,      ///< input that can never be right: syntax, type, range
    kNotFound,     ///< the named thing does not exist
    kExists,       ///< the named thing exists already
    kDenied,       ///< rights or credentials are missing
    kUnsupported,  ///< this kernel or server cannot do it
    kBusy,         ///< try again at once or soon (EAGAIN, EINTR, ENOBUFS, 429)
    kUnavailable,  ///< the other side is not there (refused, reset, timed out)
    kInternal,     ///< the system said something we cannot act on
};

/// A failure that the outside world caused.
/// `message` names the thing and the place, for people; `errno_value` is 0 where no system call was involved.
struct Error {
    ErrorCode code = ErrorCode::kInternal;
    int errno_value = 0;
    std::string message;
};

/// A value or an Error. A class of its own because GCC 12 does not warn when a plain `std::expected` is
/// discarded.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
  public:
    using std::expected<T, Error>::expected;
};

/// Makes the failure side of any Result.
[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message, int errno_value = 0) {
    return std::unexpected<Error>(Error{code, errno_value, std::move(message)});
}

/// Makes a failure from `errno_value`: "`what`: strerror", with the code that fits.
[[nodiscard]] std::unexpected<Error> fail_errno(int errno_value, std::string_view what);

/// `error` with "`context`: " put before its message.
[[nodiscard]] std::unexpected<Error> fail_within(std::string_view context, Error error);

/// The code that callers should branch on for a system call's errno.
ErrorCode code_of_errno(int errno_value);

}  // namespace fairlead::base

// NOLINTBEGIN(bugprone-macro-parentheses): declarations cannot be parenthesised.
#define FAIRLEAD_CONCAT_INNER(a, b) a##b
#define FAIRLEAD_CONCAT(a, b) FAIRLEAD_CONCAT_INNER(a, b)
#define FAIRLEAD_TRY_INNER(result, declaration, expression)         \
    auto result = (expression);                                     \
    if (!result) return std::unexpected(std::move(result).error()); \
    declaration = *std::move(result)
/// `FAIRLEAD_TRY(auto value, might_fail());` returns early with the error, or binds the value.
#define FAIRLEAD_TRY(declaration, expression) \
    FAIRLEAD_TRY_INNER(FAIRLEAD_CONCAT(fairlead_try_, __LINE__), declaration, expression)
/// The same for `Result<void>`.
#define FAIRLEAD_CHECK(expression)                                     \
    do {                                                               \
        if (auto fairlead_check = (expression); !fairlead_check)       \
            return std::unexpected(std::move(fairlead_check).error()); \
    } while (false)
// NOLINTEND(bugprone-macro-parentheses)
