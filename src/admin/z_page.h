#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace fairlead::admin {

/// A page that people read as text and programs ask for as an object of the API group config.k8s.io, as the
/// z-pages of Kubernetes are (KEP-4827, KEP-4828).
struct ZPage {
    std::string kind;  ///< of the object: "Statusz"
    std::function<std::string()> text;
    /// The object's fields but for apiVersion, kind and metadata: JSON without the outer braces.
    std::function<std::string()> fields;
};

/// The page in the form that the header Accept asks for: `text/plain`, which is also what it is without such
/// a header and for whoever takes anything, or `application/json` or `application/yaml` with the parameters
/// `as=KIND;v=v1beta1;g=config.k8s.io`. v1alpha1 is the same and comes with a Warning (RFC 7234 section 5.5).
/// 406 with a Status object (meta/v1) if it is none of these, also for JSON that is not said to be of what.
net::HttpAnswer answer_z_page(const ZPage& page, std::string_view accept);

}  // namespace fairlead::admin
