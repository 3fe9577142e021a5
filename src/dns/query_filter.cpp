#include "dns/query_filter.h"

#include <algorithm>
#include <string>

#include "base/dns_name.h"
#include "dns/lower_case.h"

namespace fairlead::dns {

namespace {

bool fits(const kube::ObjectKey& wanted, const SearchContext* context) {
    return context != nullptr && wanted.namespace_name == context->pod.namespace_name &&
           (wanted.name.empty() || wanted.name == context->pod.name);
}

}  // namespace

bool matches(const QueryFilter& filter, const SearchContext* context, const Name& name, ResponseCode code) {
    const auto any = [](const auto& wanted, auto fits) {
        return wanted.empty() || std::ranges::any_of(wanted, fits);
    };
    return any(filter.codes, [&](ResponseCode wanted) { return wanted == code; }) &&
           any(filter.pods, [&](const kube::ObjectKey& wanted) { return fits(wanted, context); }) &&
           any(filter.names, [&](const Name& wanted) { return name.is_within(wanted); });
}

base::Result<ResponseCode> parse_response_code(std::string_view text) {
    for (const auto code : {ResponseCode::kNoError, ResponseCode::kFormErr, ResponseCode::kServFail,
                            ResponseCode::kNxDomain, ResponseCode::kNotImp, ResponseCode::kRefused})
        if (lower_case(text) == lower_case(name_of(code))) return code;
    return base::fail(base::ErrorCode::kInvalid, "'" + std::string(text) +
                                                     "' is none of NOERROR, FORMERR, SERVFAIL, NXDOMAIN, "
                                                     "NOTIMP, REFUSED");
}

base::Result<kube::ObjectKey> parse_pod_or_namespace(std::string_view text) {
    const auto slash = std::min(text.find('/'), text.size());
    kube::ObjectKey key{std::string(text.substr(0, slash)),
                        std::string(text.substr(std::min(slash + 1, text.size())))};
    const bool has_name = slash < text.size();
    if (base::is_dns_label(key.namespace_name) && (!has_name || base::is_dns_subdomain(key.name))) return key;
    return base::fail(base::ErrorCode::kInvalid,
                      "'" + std::string(text) + "' is neither NAMESPACE nor NAMESPACE/POD");
}

}  // namespace fairlead::dns
