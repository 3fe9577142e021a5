#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kube/manifest_files.h"

namespace fairlead::lab {

/// The objects of a lab as its supervisor last wrote them. kNotFound if the lab is not up.
base::Result<kube::ManifestFiles::Objects> read_objects(std::string_view lab);

/// Where `lab exec` runs something.
struct Place {
    std::string netns;
    std::string hosts_file;
};
/// A node's name, "client", or a Pod's as NAME or NAMESPACE/NAME; errors list what there is.
base::Result<Place> find_place(std::string_view lab, const kube::ManifestFiles::Objects& objects,
                               std::string_view name);

/// Becomes `arguments` there (a shell if there are none). Returns only if that failed.
base::Error exec_in_lab(std::string_view lab, std::string_view place, std::vector<std::string> arguments);

/// What may be the place of `lab exec`: "client", nodes, and Pods with their namespace.
std::vector<std::string> place_names(const kube::ManifestFiles::Objects& objects);

/// What `lab status` prints of one lab: tables for people, with `wide` also the network namespaces; or JSON.
base::Result<std::string> status_text(std::string_view lab, bool wide);
base::Result<std::string> status_json(std::string_view lab);

/// What `lab status -A` prints: one line or one JSON object per lab there is.
base::Result<std::string> labs_text();
base::Result<std::string> labs_json();

}  // namespace fairlead::lab
