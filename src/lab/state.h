#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace fairlead::lab {

/// The lab in which cases run: one at a time.
constexpr const char* kCaseLab = "case";

/// The files of a lab, below kStateRoot.
struct StatePaths {
    std::string directory;
    std::string lock;       ///< held by the process that runs the lab; its pid is in it
    std::string manifests;  ///< directory: what the agents read
    std::string hosts;      ///< directory: an /etc/hosts per Kubernetes namespace
    std::string ready;      ///< directory: a file per Pod whose workload listens
    std::string logs;       ///< directory
    std::string demo;       ///< directory: manifests of a lab that was given none
    std::string source;     ///< file: names the directory of manifests that the lab was given
    std::string up;         ///< file: there once every agent and Pod is ready
    std::string scratch;    ///< directory beside the others: manifests that a tour or a case makes

    explicit StatePaths(std::string_view lab);
};

/// The right to run or to remove a lab. It ends with this object or with the process, however that ends.
class Claim {
  public:
    /// kBusy if another process has it; kDenied without root.
    static base::Result<Claim> take(std::string_view lab);

    Claim(Claim&& other) noexcept;
    Claim& operator=(Claim&& other) noexcept;
    ~Claim();

  private:
    explicit Claim(int fd) : fd_(fd) {}
    /// Puts our process id into the file, for others who want the lab ended.
    [[nodiscard]] base::Result<void> sign() const;

    int fd_ = -1;
};

/// Whether a process holds the claim now.
bool is_claimed(std::string_view lab);

/// The process that holds the claim now, if any; also nullopt in the moment before it has signed.
std::optional<pid_t> claim_holder(std::string_view lab);

/// Makes the directories of a lab that is claimed.
base::Result<void> make_directories(const StatePaths& paths);

/// Writes a file whole or not at all (a hidden file that is renamed). Errors name the path.
base::Result<void> write_atomically(const std::string& path, std::string_view content);
/// Writes into the file that is there, so that bind mounts of it see it.
base::Result<void> write_in_place(const std::string& path, std::string_view content);

/// Names of labs that left anything: a directory or a namespace.
base::Result<std::vector<std::string>> labs_on_this_machine();

/// Ends every process in the lab's namespaces, removes these and the lab's files but for the lock and the
/// scratch directory: what a crashed one left. The caller has the claim. What cannot be removed is named in
/// the error, the rest is removed.
base::Result<void> clear_lab(std::string_view lab);

/// The same with lock and scratch directory: afterwards nothing is left.
base::Result<void> remove_lab(std::string_view lab);

/// Ends the process that runs the lab (SIGTERM, after a while SIGKILL), and removes what it left.
base::Result<void> take_down(std::string_view lab);

}  // namespace fairlead::lab
