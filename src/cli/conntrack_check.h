#pragma once

#include <span>
#include <string>

#include "cli/conntrack_evidence.h"

namespace CLI {  // NOLINT(readability-identifier-naming): theirs
class App;
}

namespace fairlead::cli {

/// Adds `check` below `conntrack`. It sets `exit_status` to 1 if a finding of severity error is among them.
void add_conntrack_check(CLI::App& conntrack, int& exit_status);

/// Findings for people, the worst first, and what could not be looked at.
std::string findings_text(std::span<const conntrack::Finding> findings, std::span<const std::string> unknown);
/// Kind FindingList of fairlead.status/v1alpha1: {"items": [{"name", "severity", "seen", "why", "cure"}],
/// "unknown": [...]}.
std::string findings_json(std::span<const conntrack::Finding> findings, std::span<const std::string> unknown);

}  // namespace fairlead::cli
