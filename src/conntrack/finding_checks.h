#pragma once

// For findings*.cpp only: each adds what it finds.

#include "conntrack/findings.h"

namespace fairlead::conntrack {

void check_fill(const Evidence& evidence, std::vector<Finding>& findings);
void check_buckets(const Evidence& evidence, std::vector<Finding>& findings);
void check_counters(const Evidence& evidence, std::vector<Finding>& findings);
void check_timeouts(const Evidence& evidence, std::vector<Finding>& findings);
void check_invalid(const Evidence& evidence, std::vector<Finding>& findings);
void check_kernel_log(const Evidence& evidence, std::vector<Finding>& findings);
void check_entries(const Evidence& evidence, std::vector<Finding>& findings);
void check_settings(const Evidence& evidence, std::vector<Finding>& findings);

}  // namespace fairlead::conntrack
