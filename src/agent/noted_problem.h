#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace fairlead::agent {

/// What keeps something from being done, for as long as it does; an error in the log whenever it is another.
class NotedProblem {
  public:
    explicit NotedProblem(std::string what) : what_(std::move(what)) {}

    void note(const base::Result<void>& done) {
        std::string text = done ? "" : what_ + ": " + done.error().message;
        if (!text.empty() && text != text_) base::log_error(text);
        text_ = std::move(text);
    }
    /// One sentence for people; empty: there is none.
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string what_;
    std::string text_;
};

}  // namespace fairlead::agent
