#include "net/directory_scan.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <utility>
#include <vector>

namespace fairlead::net {

namespace {

namespace fs = std::filesystem;

std::int64_t nanoseconds(const timespec& time) {
    constexpr std::int64_t kPerSecond = 1'000'000'000;
    return time.tv_sec * kPerSecond + time.tv_nsec;
}

class Scanner {
  public:
    Scanner(const std::function<void(const std::string&)>& before_listing, DirectoryScan& scan)
        : before_listing_(before_listing), scan_(scan) {}

    /// Real folders come before linked ones, so that a file is known by its own path where it has one.
    void scan(const std::string& root) {
        folders_.push_back(root);
        while (!folders_.empty() || !linked_folders_.empty()) {
            auto& next = folders_.empty() ? linked_folders_ : folders_;
            const std::string folder = std::move(next.back());
            next.pop_back();
            list(folder);
        }
    }

  private:
    void list(const std::string& folder) {
        struct stat found{};
        if (stat(folder.c_str(), &found) != 0) return refuse(folder, errno);
        if (!listed_.emplace(found.st_dev, found.st_ino).second) return;
        before_listing_(folder);
        std::error_code failure;
        std::vector<fs::directory_entry> entries;
        auto entry = fs::directory_iterator(folder, failure);
        for (; !failure && entry != fs::directory_iterator(); entry.increment(failure))
            entries.push_back(*entry);
        if (failure) return refuse(folder, failure.value());
        // From the back, since folders are taken from the back.
        std::ranges::sort(entries, std::greater{});
        for (const auto& each : entries)
            take(each);
    }

    void take(const fs::directory_entry& entry) {
        const std::string path = entry.path();
        const std::string name = entry.path().filename();
        if (name.starts_with('.')) return;
        std::error_code failure;
        const bool is_link = entry.is_symlink(failure);
        if (entry.is_directory(failure)) return (is_link ? linked_folders_ : folders_).push_back(path);
        if (!is_manifest_name(name)) return;
        if (is_link) watch_target(entry.path());
        const auto fingerprint = fingerprint_of(path);
        if (fingerprint)
            scan_.files.emplace(path, *fingerprint);
        else if (fingerprint.error().code != base::ErrorCode::kNotFound)
            refuse(path, fingerprint.error().errno_value);
    }

    void watch_target(const fs::path& link) {
        std::error_code failure;
        const auto target = fs::canonical(link, failure);
        if (!failure) before_listing_(target.parent_path());
    }

    void refuse(const std::string& path, int error) {
        scan_.problems.emplace(path, std::generic_category().message(error));
    }

    const std::function<void(const std::string&)>& before_listing_;
    DirectoryScan& scan_;
    std::vector<std::string> folders_;
    std::vector<std::string> linked_folders_;
    std::set<std::pair<dev_t, ino_t>> listed_;
};

}  // namespace

base::Result<FileFingerprint> fingerprint_of(const std::string& path) {
    struct stat found{};
    if (stat(path.c_str(), &found) != 0) return base::fail_errno(errno, path);
    if (!S_ISREG(found.st_mode)) return base::fail(base::ErrorCode::kNotFound, path + ": is no regular file");
    return FileFingerprint{found.st_dev, found.st_ino, found.st_size, nanoseconds(found.st_mtim),
                           nanoseconds(found.st_ctim)};
}

bool is_manifest_name(std::string_view name) {
    if (name.starts_with('.') || name.starts_with('#') || name.ends_with('~')) return false;
    return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

bool DirectoryScan::is_hidden(const std::string& path) const {
    return std::ranges::any_of(problems, [&](const auto& problem) {
        const auto& [place, message] = problem;
        return path == place || (path.starts_with(place) && path[place.size()] == '/');
    });
}

DirectoryScan scan_directory(const std::string& root,
                             const std::function<void(const std::string& folder)>& before_listing) {
    DirectoryScan scan;
    std::error_code failure;
    // A root that is a link may be pointed elsewhere: that is seen in the folder that has the link.
    if (fs::is_symlink(root, failure)) before_listing(fs::absolute(root, failure).parent_path());
    Scanner{before_listing, scan}.scan(root);
    return scan;
}

}  // namespace fairlead::net
