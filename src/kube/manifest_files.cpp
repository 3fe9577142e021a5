#include "kube/manifest_files.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "kube/manifest_check.h"
#include "kube/yaml_documents.h"

namespace fairlead::kube {

namespace {

std::string_view kind_of(const AnyObject& object) {
    struct {
        std::string_view operator()(const Service&) { return "Service"; }
        std::string_view operator()(const EndpointSlice&) { return "EndpointSlice"; }
        std::string_view operator()(const Node&) { return "Node"; }
        std::string_view operator()(const Namespace&) { return "Namespace"; }
        std::string_view operator()(const ServiceCidr&) { return "ServiceCIDR"; }
        std::string_view operator()(const Pod&) { return "Pod"; }
    } kind;
    return std::visit(kind, object);
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
    ManifestFiles::Objects& objects;
    void add(const Service& object) { objects.services.push_back(object); }
    void add(const EndpointSlice& object) { objects.slices.push_back(object); }
    void add(const Node& object) { objects.nodes.push_back(object); }
    void add(const Namespace& object) { objects.namespaces.push_back(object); }
    void add(const ServiceCidr& object) { objects.service_cidrs.push_back(object); }
    void add(const Pod& object) { objects.pods.push_back(object); }
    void operator()(const auto& pointer) { add(*pointer); }
};

/// Puts a store's object in the place of an equal one.
struct Sharer {
    const Stores& stores;
    [[nodiscard]] const auto& store_of(const Service&) const { return stores.services; }
    [[nodiscard]] const auto& store_of(const EndpointSlice&) const { return stores.slices; }
    [[nodiscard]] const auto& store_of(const Node&) const { return stores.nodes; }
    [[nodiscard]] const auto& store_of(const Namespace&) const { return stores.namespaces; }
    [[nodiscard]] const auto& store_of(const ServiceCidr&) const { return stores.service_cidrs; }
    [[nodiscard]] const auto& store_of(const Pod&) const { return stores.pods; }
    void operator()(auto& pointer) const {
        const auto held = store_of(*pointer).find(pointer->key);
        if (held != nullptr && *held == *pointer) pointer = held;
    }
};

}  // namespace

std::string name_of(const AnyObject& object) {
    return std::string(kind_of(object)) + " " +
           std::visit([](const auto& any) { return any.key.to_string(); }, object);
}

std::string ManifestProblem::to_string() const {
    return file + ":" + std::to_string(line) + ": " + message;
}

/// One file while it is read.
struct ManifestFiles::Reading {
    const std::string& path;
    const File& before;
    File after;
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
        const std::string name = name_of(*decoded);
        if (auto fault = find_fault(*decoded))
            return refuse(document, prefix, {name, std::move(fault->field), std::move(fault->reason)});
        const unsigned line = document.lines->rough_line_of(prefix);
        auto object = std::visit([](auto& any) -> SharedObject { return shared(std::move(any)); }, *decoded);
        if (!after.entries.try_emplace(name, Entry{line, std::move(object)}).second)
            after.problems.push_back({path, line, name + ": is in this file twice; the first is used"});
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
            object = name_of(*decoded);
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
        for (const auto& [name, entry] : before.entries)
            if (has_nameless_broken || broken.contains(name)) after.entries.try_emplace(name, entry);
        return std::move(after);
    }
};

void ManifestFiles::put(const std::string& path, std::string_view text) {
    File& file = files_[path];
    Reading reading{path, file, {}, {}, {}};
    for (const auto& document : read_yaml(text))
        reading.take_document(document);
    file = reading.finish();
}

ManifestFiles::Objects ManifestFiles::objects() const {
    Objects objects;
    std::map<std::string, bool> taken;
    for (const auto& [path, file] : files_)
        for (const auto& [name, entry] : file.entries)
            if (taken.emplace(name, true).second) std::visit(Sorter{objects}, entry.object);
    return objects;
}

void ManifestFiles::share_with(const Stores& stores) {
    for (auto& [path, file] : files_)
        for (auto& [name, entry] : file.entries)
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
    std::map<std::string, std::string> first_files;
    for (const auto& [path, file] : files_) {
        std::ranges::copy(file.problems, std::back_inserter(problems));
        for (const auto& [name, entry] : file.entries) {
            const auto [first, added] = first_files.try_emplace(name, path);
            if (!added)
                problems.push_back(
                    {path, entry.line, name + ": is in " + first->second + " too, which is used"});
        }
    }
    std::ranges::sort(problems, {}, [](const ManifestProblem& problem) {
        return std::tie(problem.file, problem.line, problem.message);
    });
    return problems;
}

}  // namespace fairlead::kube
