#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kube/api_messages.h"

namespace fairlead::test {

/// One collection of Services of an API server, with its history: lists, pages, streaming lists and watches,
/// in both encodings, by the rules of "Kubernetes API Concepts" (kubernetes.io).
class FakeApiServer {
  public:
    using Objects = std::map<std::string, std::string>;  ///< name to ClusterIP

    struct Answer {
        unsigned status = 200;
        std::string retry_after;
        std::string content_type;
        std::string body;
        bool is_watch = false;  ///< stays open: more comes from news()
    };

    // How it behaves from now on.
    kube::Encoding encoding = kube::Encoding::kProtobuf;
    bool streaming_lists = true;
    bool gone_as_status = false;        ///< 410 as HTTP status instead of an ERROR event
    std::function<void()> during_list;  ///< runs between the objects of a streaming list and its end

    void put(const std::string& name, const std::string& ip);
    void remove(const std::string& name);
    /// Versions up to now are forgotten (compaction, restart).
    void forget() { oldest_ = version_; }

    [[nodiscard]] Answer answer(const std::string& target);
    /// What the open watch gets beyond what it got.
    [[nodiscard]] std::string news();
    /// A bookmark for the open watch.
    [[nodiscard]] std::string bookmark(bool ends_list = false) const;
    [[nodiscard]] std::string error_event(unsigned code, const std::string& message,
                                          unsigned retry_after_s = 0) const;
    /// An event about an object that no decoder takes.
    [[nodiscard]] std::string unreadable(const std::string& type, const std::string& name) const;

    [[nodiscard]] const Objects& objects() const { return history_.back().objects; }
    /// What there was at each version, the first one empty.
    [[nodiscard]] const Objects& objects_at(int version) const { return at(version).objects; }
    [[nodiscard]] int first_version() const { return kFirstVersion; }
    [[nodiscard]] int version() const { return version_; }

  private:
    static constexpr int kFirstVersion = 100;
    struct Moment {
        Objects objects;
        std::string type;  // of the event that led here
        std::string name;
        std::string ip;
    };

    [[nodiscard]] const Moment& at(int version) const {
        return history_.at(static_cast<std::size_t>(version - kFirstVersion));
    }
    void append(Moment moment);
    [[nodiscard]] Answer watch_answer(int from);
    [[nodiscard]] Answer streaming_list();
    [[nodiscard]] Answer page(const std::string& token) const;
    [[nodiscard]] Answer refusal(unsigned status, const std::string& message) const;
    [[nodiscard]] std::string event(const std::string& type, const std::string& name, const std::string& ip,
                                    int version) const;

    std::vector<Moment> history_{Moment{}};
    int version_ = kFirstVersion;
    int oldest_ = kFirstVersion;
    int sent_ = 0;  // the open watch has all up to this
};

/// The value of a query parameter; nullopt if it is not there.
std::optional<std::string> parameter(const std::string& target, const std::string& name);

}  // namespace fairlead::test
