#pragma once

// For config.cpp only: how settings that are numbers and durations are read and shown.

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "agent/config.h"
#include "agent/config_duration.h"
#include "agent/config_numbers.h"

namespace fairlead::agent {

/// kConntrack: a number of entries, a member of ConntrackSettings.
template <auto kConntrack>
base::Result<void> set_entries(Config& config, std::span<const std::string> values) {
    FAIRLEAD_TRY(const auto number,
                 parse_number(values.front(), 0, std::numeric_limits<std::int32_t>::max()));
    config.conntrack.*kConntrack = static_cast<std::uint32_t>(number);
    return {};
}

template <auto kConntrack>
std::vector<std::string> get_entries(const Config& config) {
    if (config.conntrack.*kConntrack == 0) return {};
    return {std::to_string(config.conntrack.*kConntrack)};
}

/// kPercent: a member of conntrack::FillPercents.
template <auto kPercent>
base::Result<void> set_percent(Config& config, std::span<const std::string> values) {
    constexpr std::int64_t kWhole = 100;
    FAIRLEAD_TRY(const auto number, parse_number(values.front(), 1, kWhole));
    config.conntrack_percents.*kPercent = static_cast<unsigned>(number);
    return {};
}

template <auto kPercent>
std::vector<std::string> get_percent(const Config& config) {
    return {std::to_string(config.conntrack_percents.*kPercent)};
}

/// kConntrack: a member of ConntrackSettings. The kernel counts in seconds.
template <auto kConntrack>
base::Result<void> set_timeout(Config& config, std::span<const std::string> values) {
    FAIRLEAD_TRY(const auto timeout, parse_duration(values.front()));
    if (timeout != base::Duration{} && timeout < std::chrono::seconds(1))
        return base::fail(base::ErrorCode::kInvalid, "'" + values.front() + "' is less than a second");
    config.conntrack.*kConntrack = timeout;
    return {};
}

template <auto kConntrack>
std::vector<std::string> get_timeout(const Config& config) {
    if (config.conntrack.*kConntrack == base::Duration{}) return {};
    return {format_duration(config.conntrack.*kConntrack)};
}

/// The same where not given and 0s are two things.
template <auto kConntrack>
std::vector<std::string> get_optional_timeout(const Config& config) {
    if (!(config.conntrack.*kConntrack)) return {};
    return {format_duration(*(config.conntrack.*kConntrack))};
}

inline base::Result<void> set_sync_period(Config& config, std::span<const std::string> values) {
    FAIRLEAD_TRY(const auto period, parse_duration(values.front()));
    if (period == base::Duration{})
        return base::fail(base::ErrorCode::kInvalid, "'" + values.front() + "' is no time at all");
    config.sync_period = period;
    return {};
}

inline std::vector<std::string> get_sync_period(const Config& config) {
    return {format_duration(config.sync_period)};
}

/// kMember: a number of things, none included.
template <auto kMember>
base::Result<void> set_count(Config& config, std::span<const std::string> values) {
    FAIRLEAD_TRY(const auto number,
                 parse_number(values.front(), 0, std::numeric_limits<std::int32_t>::max()));
    config.*kMember = static_cast<std::uint32_t>(number);
    return {};
}

template <auto kMember>
std::vector<std::string> get_count(const Config& config) {
    return {std::to_string(config.*kMember)};
}

inline base::Result<void> set_oom_score_adj(Config& config, std::span<const std::string> values) {
    constexpr std::int64_t kLargest = 1000;  // OOM_SCORE_ADJ_MAX of linux/oom.h
    FAIRLEAD_TRY(const auto score, parse_number(values.front(), -kLargest, kLargest));
    config.oom_score_adj = static_cast<int>(score);
    return {};
}

inline std::vector<std::string> get_oom_score_adj(const Config& config) {
    if (!config.oom_score_adj) return {};
    return {std::to_string(*config.oom_score_adj)};
}

}  // namespace fairlead::agent
