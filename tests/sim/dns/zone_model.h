#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dns/cluster_zone.h"
#include "kube/store.h"

namespace fairlead::test {

/// The cluster zone written out like a zone file, anew for each state of the objects: slow and plain, and
/// made apart from the code under test.
class ZoneModel {
  public:
    ZoneModel(kube::Stores& stores, const dns::ZoneOptions& options);

    struct Answer {
        std::string outcome;               ///< "NOERROR", "NXDOMAIN", "SERVFAIL", "OUTSIDE", "FOLLOW name"
        std::vector<std::string> records;  ///< sorted: "owner type data"
        bool has_soa = false;
    };
    /// `name` is absolute, in lower case, with its final dot; `type` as "AAAA".
    [[nodiscard]] Answer answer(const std::string& name, const std::string& type) const;
    [[nodiscard]] dns::NameState state_of(const std::string& name) const;
    /// All names with records, and those above them.
    [[nodiscard]] const std::set<std::string>& names() const { return names_; }
    /// "owner type data" of all A and AAAA records.
    [[nodiscard]] bool has_address(const std::string& record) const { return addresses_.contains(record); }

  private:
    struct Target {
        std::string name;
        std::string address;
        std::vector<kube::EndpointPort> ports;
    };
    using Data = std::map<std::string, std::set<std::string>>;  // by type

    void add(const std::string& name, const std::string& type, const std::string& data);
    void add_name(const std::string& name);
    void add_address(const std::string& name, const std::string& address);
    void add_service(kube::Stores& stores, const kube::Service& service);
    void add_cluster_ip(const kube::Service& service, const std::string& name);
    void add_endpoint_names(const std::vector<Target>& targets);
    void add_headless(const std::string& name, const std::vector<Target>& targets);
    void add_targets(const std::string& name, const std::vector<Target>& targets,
                     const kube::EndpointPort* only);
    [[nodiscard]] std::vector<Target> targets_of(kube::Stores& stores, const kube::Service& service,
                                                 const std::string& name) const;
    [[nodiscard]] bool is_ours(const std::string& name) const;
    [[nodiscard]] std::optional<Data> pod(const std::string& name) const;

    dns::ZoneOptions options_;
    std::string domain_;
    std::map<std::string, Data> data_;
    std::set<std::string> names_;
    std::set<std::string> namespaces_;
    std::set<std::string> addresses_;
    std::map<std::string, std::set<std::string>> cluster_ip_pointers_;  // by reverse name
    std::map<std::string, std::set<std::string>> endpoint_pointers_;
};

}  // namespace fairlead::test
