#include "kube/manifest_files.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <type_traits>

#include "kube/cluster_ip_allocator.h"
#include "kube/manifest_check.h"
#include "kube/yaml_documents.h"

namespace fairlead::kube {

namespace {

std::string_view kind_of(const Service&) {
    return "Service";
}
std::string_view kind_of(const EndpointSlice&) {
    return "EndpointSlice";
}
std::string_view kind_of(const Node&) {
    return "Node";
}
std::string_view kind_of(const Namespace&) {
    return "Namespace";
}
std::string_view kind_of(const ServiceCidr&) {
    return "ServiceCIDR";
}
std::string_view kind_of(const Pod&) {
    return "Pod";
}
std::string_view kind_of(const ConfigMap&) {
    return "ConfigMap";
}

std::string name_of_object(const auto& object) {
    return std::string(kind_of(object)) + " " + object.key.to_string();
}

bool is_namespaced(const AnyObject& object) {
    return !std::holds_alternative<Node>(object) && !std::holds_alternative<Namespace>(object) &&
           !std::holds_alternative<ServiceCidr>(object);
}

/// The default where there is none, and none where there cannot be one.
void set_namespace(AnyObject& object) {
    auto& space = std::visit([](auto& any) -> std::string& { return any.key.namespace_name; }, object);
    if (!is_namespaced(object))
        space.clear();
    else if (space.empty())
        space = "default";
}

template <class Object>
std::shared_ptr<const Object> shared(Object object) {
    return std::make_shared<const Object>(std::move(object));
}

/// The name under which an error reports an object, with the default namespace put in.
std::string with_default_namespace(std::string object) {
    const auto blank = object.find(' ');
    const bool cluster_scoped =
        object.starts_with("Node ") || object.starts_with("Namespace ") || object.starts_with("ServiceCIDR ");
    if (blank == std::string::npos || cluster_scoped || object.find('/') != std::string::npos) return object;
    return object.insert(blank + 1, "default/");
}

/// Sorts objects by their kind.
struct Sorter {
    ManifestFiles::SharedObjects& objects;
    void operator()(const std::shared_ptr<const Service>& one) const { objects.services.push_back(one); }
    void operator()(const std::shared_ptr<const EndpointSlice>& one) const { objects.slices.push_back(one); }
    void operator()(const std::shared_ptr<const Node>& one) const { objects.nodes.push_back(one); }
    void operator()(const std::shared_ptr<const Namespace>& one) const { objects.namespaces.push_back(one); }
    void operator()(const std::shared_ptr<const ServiceCidr>& one) const {
        objects.service_cidrs.push_back(one);
    }
    void operator()(const std::shared_ptr<const Pod>& one) const { objects.pods.push_back(one); }
    void operator()(const std::shared_ptr<const ConfigMap>& one) const { objects.config_maps.push_back(one); }
};

template <class Object>
std::vector<Object> copies_of(const std::vector<std::shared_ptr<const Object>>& pointers) {
    std::vector<Object> copies;
    copies.reserve(pointers.size());
    for (const auto& pointer : pointers)
        copies.push_back(*pointer);
    return copies;
}

/// Whether a file says the same of both.
template <class Object>
bool is_written_alike(const Object& a, const Object& b) {
    if constexpr (std::is_same_v<Object, Service>)
        return without_allocated(a) == without_allocated(b);
    else
        return a == b;
}

/// Puts a store's object in the place of an equal one.
struct Sharer {
    const Stores& stores;
    [[nodiscard]] const auto& store_of(const Service&) const { return stores.services; }
    [[nodiscard]] const auto& store_of(const EndpointSlice&) const { return stores.slices; }
    [[nodiscard]] const auto& store_of(const Node&) const { return stores.nodes; }
    [[nodiscard]] const auto& store_of(const Namespace&) const { return stores.namespaces; }
    [[nodiscard]] const auto& store_of(const ServiceCidr&) const { return stores.service_cidrs; }
    [[nodiscard]] const auto& store_of(const Pod&) const { return stores.pods; }
    [[nodiscard]] const auto& store_of(const ConfigMap&) const { return stores.config_maps; }
    void operator()(auto& pointer) const {
        const auto held = store_of(*pointer).find(pointer->key);
        if (held != nullptr && held != pointer && is_written_alike(*held, *pointer)) pointer = held;
    }
};

}  // namespace

std::string name_of(const AnyObject& object) {
    return std::visit([](const auto& any) { return name_of_object(any); }, object);
}

std::string ManifestProblem::to_string() const {
    return file + ":" + std::to_string(line) + ": " + message;
}

std::string ManifestFiles::name_of(const SharedObject& object) {
    return std::visit([](const auto& any) { return name_of_object(*any); }, object);
}

ManifestFiles::Id ManifestFiles::id_of(const SharedObject& object) {
    const auto& key = std::visit([](const auto& any) -> const ObjectKey& { return any->key; }, object);
    return {object.index(), key.namespace_name, key.name};
}

/// One file while it is read.
struct ManifestFiles::Reading {
    const std::string& path;
    const File& before;
    File after;
    absl::flat_hash_set<Id> present;  // in `after`
    JsonDecoder decoder;
    std::set<std::string> broken;  // names of objects that cannot be used
    bool has_nameless_broken = false;

    void take_document(const YamlDocument& document) {
        if (document.error) return refuse_document(document);
        const auto list = decoder.split_list(document.json);
        if (!list) return refuse(document, "", list.error());
        if (!*list) return take_object(document, document.json, "", "");
        std::size_t index = 0;
        for (const auto& item : (*list)->items)
            take_object(document, item, "items[" + std::to_string(index++) + "]", (*list)->kind);
    }

    void take_object(const YamlDocument& document, const std::string& json, const std::string& prefix,
                     const std::string& kind) {
        auto decoded = decoder.decode_object(json, kind);
        if (!decoded) return refuse(document, prefix, std::move(decoded).error());
        set_namespace(*decoded);
        const std::string name = kube::name_of(*decoded);
        if (auto fault = find_fault(*decoded))
            return refuse(document, prefix, {name, std::move(fault->field), std::move(fault->reason)});
        const unsigned line = document.lines->rough_line_of(prefix);
        auto object = std::visit([](auto& any) -> SharedObject { return shared(std::move(any)); }, *decoded);
        if (!add({line, std::move(object)}))
            after.problems.push_back({path, line, name + ": is in this file twice; the first is used"});
    }

    bool add(Entry entry) {
        if (!present.insert(id_of(entry.object)).second) return false;
        after.entries.push_back(std::move(entry));
        return true;
    }

    void refuse(const YamlDocument& document, const std::string& prefix, DecodeError error) {
        const std::string field =
            prefix.empty() || error.field.empty() ? prefix + error.field : prefix + "." + error.field;
        if (error.reason.ends_with(kUnknownKind)) {
            after.notices.push_back({path, document.lines->rough_line_of(field), error.reason});
            return;
        }
        error.object = with_default_namespace(std::move(error.object));
        error.field = field;
        after.problems.push_back({path, document.lines->line_of(field), error.to_string()});
        note_broken(error.object);
    }

    /// What it has twice, or cannot have, may be the very field that counts: none of it is used.
    void refuse_document(const YamlDocument& document) {
        if (document.json.empty()) {
            has_nameless_broken = true;
            after.problems.push_back({path, document.error->line,
                                      document.error->reason +
                                          "; what the file held before and does not hold "
                                          "elsewhere stays"});
            return;
        }
        std::string object;
        if (auto decoded = decoder.decode_object(document.json)) {
            set_namespace(*decoded);
            object = kube::name_of(*decoded);
        } else {
            object = with_default_namespace(decoded.error().object);
        }
        note_broken(object);
        after.problems.push_back({path, document.error->line, object + ": " + document.error->reason});
    }

    void note_broken(const std::string& object) {
        const bool is_nameless = object.find(' ') == std::string::npos || object.ends_with('/');
        has_nameless_broken = has_nameless_broken || is_nameless;
        broken.insert(object);
    }

    /// What the file held before and a broken document stands in for.
    File finish() {
        for (const auto& entry : before.entries)
            if (has_nameless_broken || broken.contains(name_of(entry.object))) add(entry);
        std::ranges::sort(after.entries, {}, [](const Entry& entry) { return id_of(entry.object); });
        after.entries.shrink_to_fit();
        return std::move(after);
    }
};

void ManifestFiles::put(const std::string& path, std::string_view text) {
    File& file = files_[path];
    Reading reading{path, file, {}, {}, {}, {}};
    read_yaml(text, [&](const YamlDocument& document) { reading.take_document(document); });
    file = reading.finish();
}

ManifestFiles::Objects ManifestFiles::objects() const {
    const auto held = shared_objects();
    return {copies_of(held.services),   copies_of(held.slices),        copies_of(held.nodes),
            copies_of(held.namespaces), copies_of(held.service_cidrs), copies_of(held.pods),
            copies_of(held.config_maps)};
}

template <class Visit>
void ManifestFiles::for_each_entry(Visit visit) const {
    struct First {
        const Entry* entry;
        const std::string* path;
    };
    // There may be a hundred thousand: the set points to them, for their ids would take three times as much.
    const auto hash = [](const First& first) { return absl::Hash<Id>{}(id_of(first.entry->object)); };
    const auto equal = [](const First& a, const First& b) {
        return id_of(a.entry->object) == id_of(b.entry->object);
    };
    absl::flat_hash_set<First, decltype(hash), decltype(equal)> firsts(0, hash, equal);
    for (const auto& [path, file] : files_)
        for (const auto& entry : file.entries)
            visit(path, entry, *firsts.insert({&entry, &path}).first->path);
}

ManifestFiles::SharedObjects ManifestFiles::shared_objects() const {
    SharedObjects objects;
    for_each_entry([&](const auto& path, const Entry& entry, const auto& first_path) {
        if (&path == &first_path) std::visit(Sorter{objects}, entry.object);
    });
    return objects;
}

std::shared_ptr<const Pod> ManifestFiles::find_pod(const ObjectKey& key) const {
    for (const auto& [path, file] : files_)
        for (const auto& entry : file.entries)
            if (const auto* const pod = std::get_if<std::shared_ptr<const Pod>>(&entry.object))
                if ((*pod)->key == key) return *pod;
    return nullptr;
}

void ManifestFiles::share_with(const Stores& stores) {
    for (auto& [path, file] : files_)
        for (auto& entry : file.entries)
            std::visit(Sharer{stores}, entry.object);
}

std::vector<ManifestProblem> ManifestFiles::notices() const {
    std::vector<ManifestProblem> notices;
    for (const auto& [path, file] : files_)
        std::ranges::copy(file.notices, std::back_inserter(notices));
    return notices;
}

std::vector<ManifestProblem> ManifestFiles::problems() const {
    std::vector<ManifestProblem> problems;
    for (const auto& [path, file] : files_)
        std::ranges::copy(file.problems, std::back_inserter(problems));
    for_each_entry([&](const auto& path, const Entry& entry, const auto& first_path) {
        if (&path != &first_path)
            problems.push_back(
                {path, entry.line, name_of(entry.object) + ": is in " + first_path + " too, which is used"});
    });
    std::ranges::sort(problems, {}, [](const ManifestProblem& problem) {
        return std::tie(problem.file, problem.line, problem.message);
    });
    return problems;
}

}  // namespace fairlead::kube
