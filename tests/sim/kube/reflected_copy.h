#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "kube/reflector.h"

namespace fairlead::kube {

/// What the reflector's copy looks like: name to ClusterIP.
class ReflectedCopy final : public ReflectorSink {
  public:
    std::map<std::string, std::string> objects;
    std::vector<std::string> reports;
    int replacements = 0;

    void replace(std::deque<AnyObject> list, std::vector<ObjectKey> unreadable) override {
        std::map<std::string, std::string> wanted;
        for (const auto& key : unreadable)
            if (objects.contains(key.name)) wanted[key.name] = objects[key.name];
        objects = std::move(wanted);
        for (auto& object : list)
            put(std::move(object));
        ++replacements;
    }
    void put(AnyObject object) override {
        const auto& service = std::get<Service>(object);
        objects[service.key.name] = service.cluster_ips.at(0).to_string();
    }
    void remove(const ObjectKey& key) override { objects.erase(key.name); }
    void report(const std::string& message) override { reports.push_back(message); }
};

}  // namespace fairlead::kube
