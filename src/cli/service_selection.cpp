#include "cli/service_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/dns_name.h"
#include "base/sort_unique.h"

namespace fairlead::cli {

namespace {

constexpr std::array<std::string_view, 3> kResources = {"services", "service", "svc"};

}  // namespace

std::string ServiceSelection::target(const std::string& page) const {
    // The name comes first: agents that only know `namespace` then answer with everything.
    std::string query;
    if (names.size() == 1) query += "&name=" + names.front();
    if (!namespace_name.empty()) query += "&namespace=" + namespace_name;
    return query.empty() ? page : page + "?" + query.substr(1);
}

bool ServiceSelection::matches(const std::string& service_namespace, const std::string& service_name) const {
    return (namespace_name.empty() || service_namespace == namespace_name) &&
           (names.empty() || std::ranges::binary_search(names, service_name));
}

std::string ServiceSelection::place() const {
    return namespace_name.empty() ? "in any namespace" : "in namespace " + namespace_name;
}

std::vector<std::string> ServiceSelection::missing(std::span<const ServiceView> services) const {
    std::vector<std::string> absent;
    std::ranges::copy_if(names, std::back_inserter(absent), [&](const std::string& name) {
        return std::ranges::find(services, name, &ServiceView::name) == services.end();
    });
    return absent;
}

std::string why_no_label(std::string_view text) {
    if (base::is_dns_label(text)) return {};
    return fmt::format("'{}' is no Kubernetes name: 1 to 63 of a-z, 0-9 and '-', without '-' at either end",
                       text);
}

std::string why_no_resource(std::string_view word) {
    const auto resource = word.substr(0, word.find('/'));
    if (std::ranges::find(kResources, resource) != kResources.end()) return {};
    return fmt::format("fairlead has no '{}', only services (service, svc)", resource);
}

base::Result<std::vector<std::string>> parse_names(std::string_view resource,
                                                   std::span<const std::string> names) {
    const auto refuse = [](std::string why) { return base::fail(base::ErrorCode::kInvalid, std::move(why)); };
    const bool slashes = resource.contains('/');
    std::vector<std::string> words(names.begin(), names.end());
    if (slashes) words.insert(words.begin(), std::string(resource));
    for (auto& word : words) {
        if (word.contains('/') != slashes)
            return refuse("write either 'svc NAME NAME' or 'svc/NAME svc/NAME', not both");
        if (slashes) {
            if (const auto why = why_no_resource(word); !why.empty()) return refuse(why);
            word.erase(0, word.find('/') + 1);
        }
        if (const auto why = why_no_label(word); !why.empty()) return refuse(why);
    }
    base::sort_unique(words);
    return words;
}

}  // namespace fairlead::cli
