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

std::optional<Form> form_for(std::string_view accept, std::string_view kind) {
    if (accept.find_first_not_of(" \t") == std::string_view::npos) return Form{kText, {}};
    for (const auto& range : parse_accept(accept)) {
        if (auto form = object_form(range, kind)) return form;
        const bool of_an_object = std::ranges::any_of(range.parameters, [](const auto& entry) {
            return entry.first == "as" || entry.first == "v" || entry.first == "g";
        });
        if (!of_an_object && range.covers("text", "plain")) return Form{kText, {}};
    }
    return std::nullopt;
}

HttpAnswer not_acceptable(std::string_view kind) {
    const auto message = fmt::format("this page is {}, or {} or {} with the parameters as={};v={};g={}",
                                     kText, kJson, kYaml, kind, kVersion, kGroup);
    return {.status = kNotAcceptable,
            .content_type = std::string(kJson),
            .body = fmt::format(
                R"({{"kind":"Status","apiVersion":"v1","metadata":{{}},"status":"Failure","message":{},)"
                R"("reason":"NotAcceptable","code":{}}})"
                "\n",
                base::json_quote(message), kNotAcceptable),
            .headers = kHeaders};
}

}  // namespace

HttpAnswer answer_z_page(const ZPage& page, std::string_view accept) {
    const auto form = form_for(accept, page.kind);
    if (!form) return not_acceptable(page.kind);
    HttpAnswer answer;
    answer.headers = kHeaders;
    if (form->version.empty()) {
        answer.body = page.text();
        return answer;
    }
    answer.content_type = form->media_type;
    answer.body = fmt::format(R"({{"kind":{},"apiVersion":"{}/{}","metadata":{{"name":"{}"}},{}}})"
                              "\n",
                              base::json_quote(page.kind), kGroup, form->version, kComponent, page.fields());
    if (form->version == kDeprecatedVersion)
        answer.headers.emplace_back("Warning", fmt::format("299 - \"{} of {} is deprecated: ask for {}\"",
                                                           form->version, page.kind, kVersion));
    if (form->media_type != kYaml) return answer;
    auto yaml = output::json_to_yaml(answer.body);
    if (!yaml) return {500, "text/plain; charset=utf-8", yaml.error().message + "\n"};
    answer.body = *std::move(yaml);
    return answer;
}

}  // namespace fairlead::admin
