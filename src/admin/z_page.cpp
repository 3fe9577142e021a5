#include "admin/z_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "admin/accept.h"
#include "base/json.h"
#include "output/yaml.h"

namespace fairlead::admin {

namespace {

using net::HttpAnswer;

constexpr std::string_view kGroup = "config.k8s.io";
constexpr std::string_view kVersion = "v1beta1";
constexpr std::string_view kDeprecatedVersion = "v1alpha1";
constexpr std::string_view kText = "text/plain";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kYaml = "application/yaml";
constexpr std::string_view kComponent = "fairlead";
constexpr unsigned kNotAcceptable = 406;

const std::vector<std::pair<std::string, std::string>> kHeaders = {{"X-Content-Type-Options", "nosniff"},
                                                                   {"Vary", "Accept"}};

/// What a client gets.
struct Form {
    std::string_view media_type;
    std::string version;  // of the object; empty: text
};

std::optional<Form> object_form(const AcceptedType& range, std::string_view kind) {
    const auto version = range.parameter("v");
    const bool known = version == kVersion || version == kDeprecatedVersion;
    if (!known || range.parameter("as") != kind || range.parameter("g") != kGroup) return std::nullopt;
    for (const auto media_type : {kJson, kYaml})
        if (range.covers("application", media_type.substr(media_type.find('/') + 1)))
            return Form{media_type, std::string(version)};
    return std::nullopt;
}

bool asks_for_object(const AcceptedType& range) {
    return std::ranges::any_of(range.parameters, [](const auto& entry) {
        return entry.first == "as" || entry.first == "v" || entry.first == "g";
    });
}

std::optional<Form> form_for(std::string_view accept, std::string_view kind) {
    if (accept.find_first_not_of(" \t") == std::string_view::npos) return Form{kText, {}};
    for (const auto& range : parse_accept(accept)) {
        if (auto form = object_form(range, kind)) return form;
        if (!asks_for_object(range) && range.covers("text", "plain")) return Form{kText, {}};
    }
    return std::nullopt;
}

/// As an API server chooses for a Status: what the client likes best of the two, JSON if it takes neither.
bool wants_yaml(std::string_view accept) {
    for (const auto& range : parse_accept(accept)) {
        if (asks_for_object(range)) continue;
        if (range.covers("application", "json")) return false;
        if (range.covers("application", "yaml")) return true;
    }
    return false;
}

/// The object, or why it cannot be shown.
HttpAnswer answer_with_object(unsigned status, std::string json, bool yaml) {
    HttpAnswer answer{.status = status,
                      .content_type = std::string(yaml ? kYaml : kJson),
                      .body = std::move(json),
                      .headers = kHeaders};
    if (!yaml) return answer;
    auto text = output::json_to_yaml(answer.body);
    if (!text) return {500, "text/plain; charset=utf-8", text.error().message + "\n"};
    answer.body = *std::move(text);
    return answer;
}

HttpAnswer not_acceptable(std::string_view kind, bool yaml) {
    const auto message = fmt::format("this page is {}, or {} or {} with the parameters as={};v={};g={}",
                                     kText, kJson, kYaml, kind, kVersion, kGroup);
    return answer_with_object(
        kNotAcceptable,
        fmt::format(R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":{},)"
                    R"("reason":"NotAcceptable","code":{}}})"
                    "\n",
                    base::json_quote(message), kNotAcceptable),
        yaml);
}

}  // namespace

HttpAnswer answer_z_page(const ZPage& page, std::string_view accept) {
    const auto form = form_for(accept, page.kind);
    if (!form) return not_acceptable(page.kind, wants_yaml(accept));
    if (form->version.empty()) return {.body = page.text(), .headers = kHeaders};
    auto answer = answer_with_object(
        HttpAnswer{}.status,
        fmt::format(R"({{"kind":{},"apiVersion":"{}/{}","metadata":{{"name":"{}"}},{}}})"
                    "\n",
                    base::json_quote(page.kind), kGroup, form->version, kComponent, page.fields()),
        form->media_type == kYaml);
    if (form->version == kDeprecatedVersion)
        answer.headers.emplace_back("Warning", fmt::format("299 - \"{} of {} is deprecated: ask for {}\"",
                                                           form->version, page.kind, kVersion));
    return answer;
}

}  // namespace fairlead::admin
