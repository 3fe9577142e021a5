#pragma once

#include <string>

#include "conntrack/table_watch.h"

namespace fairlead::agent {

/// The page /conntrack: {"watching": true, "used": 5, "max": 100, "peak": 9, "usedPercent": 5, "level":
/// "normal", "dropping": false, "secondsUntilFull": 90, "counters": {"drop": {"total": 1, "perSecond": 0},
/// ...}}. Without max and usedPercent where there is no limit, without secondsUntilFull where nothing can be
/// foreseen, without counters that this kernel lacks. `error`: why nothing can be read now, "watching" is
/// false then; what is said beside it is of the last reading, and absent if there was none.
std::string conntrack_json(const conntrack::TableWatch& watch, const std::string& error, bool any_reading);

}  // namespace fairlead::agent
