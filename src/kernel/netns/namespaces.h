#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"

namespace fairlead::kernel::netns {

/// Where named network namespaces live, as ip-netns(8) has it: what is made here, `ip netns` sees.
inline constexpr std::string_view kDirectory = "/run/netns";

/// A network namespace that is held open. Movable.
class Namespace {
  public:
    /// By name; kNotFound if there is none, kInvalid if the name cannot be one.
    static base::Result<Namespace> open(std::string_view name);
    /// That of the calling thread.
    static base::Result<Namespace> current();

    Namespace(Namespace&& other) noexcept;
    Namespace& operator=(Namespace&& other) noexcept;
    ~Namespace();

    [[nodiscard]] int fd() const { return fd_; }

  private:
    explicit Namespace(int fd) : fd_(fd) {}

    int fd_ = -1;
};

/// Makes a named namespace with its own empty network stack. kExists if there is one of that name, kDenied
/// without CAP_SYS_ADMIN.
base::Result<void> create(std::string_view name);

/// Takes the name away; the namespace ends with the last process or handle in it. kNotFound if there is none.
base::Result<void> remove(std::string_view name);

/// Names that begin with `prefix`, sorted. None if there never was a namespace on this machine.
base::Result<std::vector<std::string>> list(std::string_view prefix);

/// Moves the calling thread, and no other, into the namespace.
base::Result<void> enter(const Namespace& target);

/// Runs `work` to its end in a thread of its own that is inside the namespace.
base::Result<void> run_in_thread(const Namespace& target, const std::function<void()>& work);

/// The same for work that gives a Result, which becomes that of the call.
template <class Work>
std::invoke_result_t<Work> run_in(const Namespace& target, Work work) {
    std::optional<std::invoke_result_t<Work>> result;
    FAIRLEAD_CHECK(run_in_thread(target, [&] { result.emplace(work()); }));
    return *std::move(result);
}

/// The same by name.
template <class Work>
std::invoke_result_t<Work> run_in(std::string_view name, Work work) {
    FAIRLEAD_TRY(const auto target, Namespace::open(name));
    return run_in(target, std::move(work));
}

/// Processes whose main thread is in one of the named namespaces; names that do not exist have none.
std::vector<pid_t> processes_in(const std::vector<std::string>& names);

/// Sets "net/ipv4/ip_forward" and the like in the namespace of the calling thread.
base::Result<void> set_sysctl(std::string_view name, std::string_view value);

}  // namespace fairlead::kernel::netns
