#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/event_loop.h"

namespace fairlead::net {

/// Watches the YAML and JSON files of a directory and its subfolders (inotify(7)).
///
/// Hidden files and editors' backups are not looked at. A burst of events is let settle (50 ms of quiet, 1 s
/// at most), then every file whose fingerprint changed is read: atomic renames, swapped links of a mounted
/// ConfigMap and lost events all end in the last content, once. A file that somebody has written to and not
/// closed yet is waited for, until it has not grown for 30 s; one that changes while it is read is read
/// again.
///
/// What cannot be read stays as it was known and is looked at again every second, as is a directory that went
/// away: a folder that cannot be listed says nothing of the files in it.
class DirectoryWatcher {
  public:
    struct Listener {
        std::function<void(const std::string& path, std::string text)> changed;
        std::function<void(const std::string& path)> removed;
        /// A file or folder that cannot be read; what was known of it stays. Once per message.
        std::function<void(const std::string& path, const std::string& message)> problem;
        /// What `problem` was called for is over. May be empty.
        std::function<void(const std::string& path)> mended = nullptr;
    };

    /// Reads every file (calling `changed`), then watches. `path` must be a directory now.
    static base::Result<std::unique_ptr<DirectoryWatcher>> start(EventLoop& loop, std::string path,
                                                                 Listener listener);
    ~DirectoryWatcher();
    DirectoryWatcher(const DirectoryWatcher&) = delete;
    DirectoryWatcher& operator=(const DirectoryWatcher&) = delete;

  private:
    class State;
    explicit DirectoryWatcher(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace fairlead::net
