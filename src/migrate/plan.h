#pragma once

#include <string>
#include <vector>

#include "migrate/facts.h"

namespace fairlead::migrate {

enum class Direction : std::uint8_t { kToFairlead, kToKubeProxy };

enum class StepState : std::uint8_t {
    kDone,
    kToDo,  ///< by whoever reads it
    kNext,  ///< what --apply does
    kBlocked,
};

/// One step of a migration. Each can be repeated; none starts before those above it are done.
struct Step {
    std::string title;
    StepState state = StepState::kToDo;
    std::string why;   ///< what the state comes from
    std::string how;   ///< a command
    std::string undo;  ///< a command, or words
};

/// What stands between the node as it is and the other proxy.
struct Plan {
    Direction direction = Direction::kToFairlead;
    std::vector<Step> steps;
    std::vector<std::string> notes;  ///< what will be different, or what is not touched
    Comparison comparison;

    /// Empty if `--apply` may remove the rules of the one that goes; else what is in the way.
    [[nodiscard]] std::string obstacle() const;
    /// The other one serves, and the rules of the one that goes are gone.
    [[nodiscard]] bool complete() const;
};

/// `accept_differences`: that only the one that goes serves some connections is no obstacle.
Plan make_plan(const Facts& facts, Direction direction, bool accept_differences);

/// For people, with a last line that says what to do next.
std::string plan_text(const Plan& plan, const Facts& facts);
/// kind MigrationPlan of fairlead.status/v1alpha1.
std::string plan_json(const Plan& plan, const Facts& facts);

}  // namespace fairlead::migrate
