#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "kube/decode_json.h"
#include "kube/store.h"

namespace fairlead::kube {

/// Something in a manifest that cannot be used.
struct ManifestProblem {
    std::string file;
    unsigned line = 0;
    std::string message;  ///< names the object and the field

    /// "shop/cart.yaml:12: Service shop/cart: spec.ports[0].port: wants a number from 0 to 65535"
    [[nodiscard]] std::string to_string() const;
    friend bool operator==(const ManifestProblem&, const ManifestProblem&) = default;
};

/// The objects that a set of manifest files holds.
///
/// What is broken never costs what was good: a document that cannot be used keeps what the same object of the
/// same file was before, until it is mended or removed. A document that is no YAML, or does not even say what
/// it is, keeps everything that the file held and does not hold elsewhere. Of an object that two files have,
/// the file whose path sorts first is taken. Lists (kind List, ServiceList, ...) are taken apart; the
/// namespace "default" is assumed where none is given. Kinds that fairlead does not use are passed over, with
/// a notice.
class ManifestFiles {
  public:
    void put(const std::string& path, std::string_view text);
    void remove(const std::string& path) { files_.erase(path); }

    /// All objects, each once.
    struct Objects {
        std::vector<Service> services;
        std::vector<EndpointSlice> slices;
        std::vector<Node> nodes;
        std::vector<Namespace> namespaces;
        std::vector<ServiceCidr> service_cidrs;
        std::vector<Pod> pods;
        std::vector<ConfigMap> config_maps;
    };
    [[nodiscard]] Objects objects() const;
    /// The same, as they are held: nothing is copied.
    struct SharedObjects {
        std::vector<std::shared_ptr<const Service>> services;
        std::vector<std::shared_ptr<const EndpointSlice>> slices;
        std::vector<std::shared_ptr<const Node>> nodes;
        std::vector<std::shared_ptr<const Namespace>> namespaces;
        std::vector<std::shared_ptr<const ServiceCidr>> service_cidrs;
        std::vector<std::shared_ptr<const Pod>> pods;
        std::vector<std::shared_ptr<const ConfigMap>> config_maps;
    };
    [[nodiscard]] SharedObjects shared_objects() const;
    /// That Pod of objects(); nullptr if there is none.
    [[nodiscard]] std::shared_ptr<const Pod> find_pod(const ObjectKey& key) const;
    /// Lets go of own copies of what the stores hold too: afterwards there is one of each. Services may have
    /// been given ClusterIPs by a ClusterIpAllocator meanwhile: shared_objects() has them with these, then.
    void share_with(const Stores& stores);
    /// Of all files as they are now, in order of file and line.
    [[nodiscard]] std::vector<ManifestProblem> problems() const;
    /// Documents that are passed over because fairlead does not use their kind; nothing is wrong with them.
    [[nodiscard]] std::vector<ManifestProblem> notices() const;

  private:
    using SharedObject = std::variant<std::shared_ptr<const Service>, std::shared_ptr<const EndpointSlice>,
                                      std::shared_ptr<const Node>, std::shared_ptr<const Namespace>,
                                      std::shared_ptr<const ServiceCidr>, std::shared_ptr<const Pod>,
                                      std::shared_ptr<const ConfigMap>>;
    struct Entry {
        unsigned line = 0;
        SharedObject object;
    };
    struct File {
        std::vector<Entry> entries;  // in order of kind and key, each once
        std::vector<ManifestProblem> problems;
        std::vector<ManifestProblem> notices;
    };
    struct Reading;
    /// Kind, namespace and name of an object, those of the object itself.
    using Id = std::tuple<std::size_t, std::string_view, std::string_view>;
    static std::string name_of(const SharedObject& object);
    static Id id_of(const SharedObject& object);
    /// Calls `visit(path, entry, first_path)` for each entry of each file, by path; `first_path` is that of
    /// the first file with this object, whose object is taken.
    template <class Visit>
    void for_each_entry(Visit visit) const;

    std::map<std::string, File> files_;
};

/// "Service shop/cart".
std::string name_of(const AnyObject& object);

}  // namespace fairlead::kube
