#pragma once

// For the tables of settings only: how values of settings are read and shown. kPath: members that lead from
// Config to the value. What is shown as no text at all is not given.

#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "agent/config.h"
#include "agent/config_duration.h"
#include "agent/config_numbers.h"

namespace fairlead::agent {

using Texts = std::span<const std::string>;

template <auto... kPath>
auto& value_at(auto& config) {
    return (config.*....*kPath);
}

template <auto... kPath>
using ValueAt = std::remove_cvref_t<decltype(value_at<kPath...>(std::declval<Config&>()))>;

template <auto... kPath>
base::Result<void> set_text(Config& config, Texts texts) {
    value_at<kPath...>(config) = texts.front();
    return {};
}

template <auto... kPath>
std::vector<std::string> get_text(const Config& config) {
    const auto& text = value_at<kPath...>(config);
    if (text.empty()) return {};
    return {text};
}

template <auto... kPath>
constexpr SettingValue kText{ValueKind::kText, set_text<kPath...>, get_text<kPath...>};

template <auto... kPath>
base::Result<void> set_texts(Config& config, Texts texts) {
    value_at<kPath...>(config).assign(texts.begin(), texts.end());
    return {};
}

template <auto... kPath>
std::vector<std::string> get_texts(const Config& config) {
    return value_at<kPath...>(config);
}

template <auto... kPath>
constexpr SettingValue kTexts{ValueKind::kList, set_texts<kPath...>, get_texts<kPath...>};

/// A type with parse() and to_string(), such as an address.
template <auto... kPath>
base::Result<void> set_parsed(Config& config, Texts texts) {
    FAIRLEAD_TRY(value_at<kPath...>(config), ValueAt<kPath...>::parse(texts.front()));
    return {};
}

template <auto... kPath>
std::vector<std::string> get_parsed(const Config& config) {
    return {value_at<kPath...>(config).to_string()};
}

template <auto... kPath>
constexpr SettingValue kParsed{ValueKind::kText, set_parsed<kPath...>, get_parsed<kPath...>};

template <auto... kPath>
base::Result<void> set_parsed_list(Config& config, Texts texts) {
    ValueAt<kPath...> items;
    for (const auto& text : texts) {
        FAIRLEAD_TRY(const auto item, ValueAt<kPath...>::value_type::parse(text));
        items.push_back(item);
    }
    value_at<kPath...>(config) = std::move(items);
    return {};
}

template <auto... kPath>
std::vector<std::string> get_parsed_list(const Config& config) {
    std::vector<std::string> texts;
    for (const auto& item : value_at<kPath...>(config))
        texts.push_back(item.to_string());
    return texts;
}

template <auto... kPath>
constexpr SettingValue kParsedList{ValueKind::kList, set_parsed_list<kPath...>, get_parsed_list<kPath...>};

/// An enumeration with a name_of().
template <auto kParse, auto... kPath>
base::Result<void> set_named(Config& config, Texts texts) {
    FAIRLEAD_TRY(value_at<kPath...>(config), kParse(texts.front()));
    return {};
}

template <auto... kPath>
std::vector<std::string> get_named(const Config& config) {
    return {std::string(name_of(value_at<kPath...>(config)))};
}

template <auto kParse, auto... kPath>
constexpr SettingValue kNamed{ValueKind::kWord, set_named<kParse, kPath...>, get_named<kPath...>};

inline base::Result<bool> parse_switch(const std::string& text) {
    if (text != "true" && text != "false")
        return base::fail(base::ErrorCode::kInvalid, "'" + text + "' is neither true nor false");
    return text == "true";
}

template <auto... kPath>
base::Result<void> set_switch(Config& config, Texts texts) {
    FAIRLEAD_TRY(value_at<kPath...>(config), parse_switch(texts.front()));
    return {};
}

template <auto... kPath>
std::vector<std::string> get_switch(const Config& config) {
    return {value_at<kPath...>(config) ? "true" : "false"};
}

template <auto... kPath>
constexpr SettingValue kSwitch{ValueKind::kBoolean, set_switch<kPath...>, get_switch<kPath...>};

template <std::int64_t kLeast, std::int64_t kMost, auto... kPath>
base::Result<void> set_number(Config& config, Texts texts) {
    FAIRLEAD_TRY(const auto number, parse_number(texts.front(), kLeast, kMost));
    value_at<kPath...>(config) = static_cast<ValueAt<kPath...>>(number);
    return {};
}

template <auto... kPath>
std::vector<std::string> get_number(const Config& config) {
    return {std::to_string(value_at<kPath...>(config))};
}

template <std::int64_t kLeast, std::int64_t kMost, auto... kPath>
constexpr SettingValue kNumber{ValueKind::kNumber, set_number<kLeast, kMost, kPath...>, get_number<kPath...>};

/// A number of things, none included.
template <auto... kPath>
constexpr SettingValue kCount = kNumber<0, std::numeric_limits<std::int32_t>::max(), kPath...>;

}  // namespace fairlead::agent
