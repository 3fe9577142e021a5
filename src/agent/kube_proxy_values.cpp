#include "agent/kube_proxy_values.h"

#include <algorithm>
#include <array>

#include "agent/config_duration.h"
#include "agent/config_fields.h"
#include "agent/config_numbers.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

bool is_text(const YAML::Node& node) {
    return node.IsScalar() && scalar_json(node).starts_with('"');
}

Result<std::string> read_text(const YAML::Node& node) {
    if (is_text(node)) return node.Scalar();
    return base::fail(ErrorCode::kInvalid,
                      node.IsScalar() ? "wants text: put '" + node.Scalar() + "' in quotes" : "wants text");
}

Result<std::string> read_boolean(const YAML::Node& node) {
    auto json = node.IsScalar() ? scalar_json(node) : "";
    if (json == "true" || json == "false") return json;
    return base::fail(ErrorCode::kInvalid, "wants true or false, without quotes");
}

Result<std::string> read_number(const YAML::Node& node) {
    auto json = node.IsScalar() ? scalar_json(node) : "";
    constexpr std::string_view kStarts = "-0123456789";
    if (!json.empty() && kStarts.contains(json.front())) return json;
    return base::fail(ErrorCode::kInvalid, "wants a number, without quotes");
}

Result<std::string> read_integer(const YAML::Node& node, std::int64_t low, std::int64_t high) {
    FAIRLEAD_TRY(auto text, read_number(node));
    FAIRLEAD_CHECK(parse_number(text, low, high));
    return text;
}

Result<std::string> read_duration(const YAML::Node& node) {
    FAIRLEAD_TRY(const auto text, read_text(node));
    FAIRLEAD_TRY(const auto duration, parse_duration(text));
    return format_duration(duration);
}

Result<std::string> read_nanoseconds(const YAML::Node& node) {
    if (is_text(node)) return read_duration(node);
    FAIRLEAD_TRY(const auto text, read_number(node));
    FAIRLEAD_TRY(const auto nanoseconds, parse_number(text, 0, std::numeric_limits<std::int64_t>::max()));
    return format_duration(base::Duration{nanoseconds});
}

Result<std::vector<std::string>> read_list(const YAML::Node& node) {
    if (!node.IsSequence()) return base::fail(ErrorCode::kInvalid, "wants a list");
    std::vector<std::string> texts;
    for (const auto& item : node) {
        FAIRLEAD_TRY(auto text, read_text(item));
        texts.push_back(std::move(text));
    }
    return texts;
}

Result<std::string> read_one(const KubeProxyField& field, const YAML::Node& node) {
    switch (field.type) {
        case KubeProxyType::kText:
            return read_text(node);
        case KubeProxyType::kBoolean:
            return read_boolean(node);
        case KubeProxyType::kInteger:
            return read_integer(node, field.low, field.high);
        case KubeProxyType::kNumber:
            return read_number(node);
        case KubeProxyType::kDuration:
            return read_duration(node);
        case KubeProxyType::kNanoseconds:
            return read_nanoseconds(node);
        case KubeProxyType::kTextList:
        case KubeProxyType::kAny:
            break;
    }
    return node.IsScalar() ? node.Scalar() : std::string(node.size() == 0 ? "" : "something");
}

}  // namespace

bool KubeProxyValue::is_zero() const {
    constexpr std::array<std::string_view, 4> kZeros = {"", "0", "0s", "false"};
    return list.empty() && std::ranges::find(kZeros, text) != kZeros.end();
}

Result<std::vector<KubeProxyValue>> read_kube_proxy_values(std::string_view file_name,
                                                           std::string_view text) {
    FAIRLEAD_TRY(
        const auto fields,
        read_config_fields(file_name, text, {kKubeProxyApiVersion, kKubeProxyKind, is_kube_proxy_group}));
    std::vector<KubeProxyValue> values;
    for (const auto& given : fields) {
        const auto* const field = find_kube_proxy_field(given.path);
        if (field == nullptr) return refuse_field(file_name, given.mark, given.path, "no such field");
        if (given.value.IsNull()) continue;
        KubeProxyValue value{field, given.path, place_of(file_name, given.mark), {}, {}};
        if (field->type == KubeProxyType::kTextList) {
            auto list = read_list(given.value);
            if (!list) return refuse_field(file_name, given.mark, given.path, list.error().message);
            value.list = *std::move(list);
        } else {
            auto one = read_one(*field, given.value);
            if (!one) return refuse_field(file_name, given.mark, given.path, one.error().message);
            value.text = *std::move(one);
        }
        values.push_back(std::move(value));
    }
    return values;
}

}  // namespace fairlead::agent
