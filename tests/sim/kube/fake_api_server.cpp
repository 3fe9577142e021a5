#include "sim/kube/fake_api_server.h"

#include "support/kube_wire.h"

namespace fairlead::test {

namespace {

using kube::Encoding;

constexpr int kPageSize = 3;

std::string json_service(const std::string& name, const std::string& ip, int version) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":")" + name +
           R"(","resourceVersion":")" + std::to_string(version) + R"("},"spec":{"clusterIP":")" + ip +
           R"(","ports":[{"port":80}]}})";
}

ProtobufMessage protobuf_service(const std::string& name, const std::string& ip, int version) {
    return ProtobufMessage{}
        .message(1, ProtobufMessage{}.bytes(1, name).bytes(3, "shop").bytes(6, std::to_string(version)))
        .message(2, ProtobufMessage{}.message(1, ProtobufMessage{}.varint(3, 80)).bytes(3, ip));
}

std::string json_event(const std::string& type, const std::string& object) {
    return R"({"type":")" + type + R"(","object":)" + object + "}\n";
}

std::string json_status(unsigned code, const std::string& message, unsigned retry_after_s) {
    return R"({"kind":"Status","apiVersion":"v1","message":")" + message +
           R"(","details":{"retryAfterSeconds":)" + std::to_string(retry_after_s) + R"(},"code":)" +
           std::to_string(code) + "}";
}

std::string protobuf_status(unsigned code, const std::string& message, unsigned retry_after_s) {
    return kubernetes_protobuf("v1", "Status",
                               ProtobufMessage{}
                                   .bytes(3, message)
                                   .message(5, ProtobufMessage{}.varint(5, retry_after_s))
                                   .varint(6, code));
}

}  // namespace

std::optional<std::string> parameter(const std::string& target, const std::string& name) {
    const auto query = "&" + target.substr(target.find('?') + 1) + "&";
    const auto begin = query.find("&" + name + "=");
    if (begin == std::string::npos) return std::nullopt;
    const auto value = begin + name.size() + 2;
    return query.substr(value, query.find('&', value) - value);
}

void FakeApiServer::append(Moment moment) {
    ++version_;
    history_.push_back(std::move(moment));
}

void FakeApiServer::put(const std::string& name, const std::string& ip) {
    auto next = objects();
    const bool known = next.contains(name);
    next[name] = ip;
    append({std::move(next), known ? "MODIFIED" : "ADDED", name, ip});
}

void FakeApiServer::remove(const std::string& name) {
    auto next = objects();
    const auto ip = next.at(name);
    next.erase(name);
    append({std::move(next), "DELETED", name, ip});
}

std::string FakeApiServer::event(const std::string& type, const std::string& name, const std::string& ip,
                                 int version) const {
    if (encoding == Encoding::kJson) return json_event(type, json_service(name, ip, version));
    return protobuf_watch_frame(type,
                                kubernetes_protobuf("v1", "Service", protobuf_service(name, ip, version)));
}

std::string FakeApiServer::unreadable(const std::string& type, const std::string& name) const {
    return event(type, name, "10.96.0.999", version_);
}

std::string FakeApiServer::bookmark(bool ends_list) const {
    constexpr const char* kEnd = "k8s.io/initial-events-end";
    const auto version = std::to_string(version_);
    if (encoding == Encoding::kJson) {
        const auto annotations = std::string(R"(,"annotations":{")") + kEnd + R"(":"true"})";
        return json_event("BOOKMARK",
                          R"({"kind":"Service","apiVersion":"v1","metadata":{"resourceVersion":")" + version +
                              R"(")" + (ends_list ? annotations : "") + "}}");
    }
    auto metadata = ProtobufMessage{}.bytes(6, version);
    if (ends_list) metadata.entry(12, kEnd, "true");
    return protobuf_watch_frame("BOOKMARK",
                                kubernetes_protobuf("v1", "Service", ProtobufMessage{}.message(1, metadata)));
}

std::string FakeApiServer::error_event(unsigned code, const std::string& message,
                                       unsigned retry_after_s) const {
    if (encoding == Encoding::kJson) return json_event("ERROR", json_status(code, message, retry_after_s));
    return protobuf_watch_frame("ERROR", protobuf_status(code, message, retry_after_s));
}

std::string FakeApiServer::news() {
    std::string body;
    for (; sent_ < version_; ++sent_) {
        const auto& moment = at(sent_ + 1);
        body += event(moment.type, moment.name, moment.ip, sent_ + 1);
    }
    return body;
}

FakeApiServer::Answer FakeApiServer::refusal(unsigned status, const std::string& message) const {
    const bool json = encoding == Encoding::kJson;
    return {status, "", json ? "application/json" : "application/vnd.kubernetes.protobuf",
            json ? json_status(status, message, 0) : protobuf_status(status, message, 0), false};
}

FakeApiServer::Answer FakeApiServer::watch_answer(int from) {
    if (from < oldest_ && gone_as_status) return refusal(410, "too old resource version");
    Answer answer{200, "", "application/json", "", true};
    if (encoding == Encoding::kProtobuf)
        answer.content_type = "application/vnd.kubernetes.protobuf;stream=watch";
    sent_ = from;
    answer.body = from < oldest_ ? error_event(410, "too old resource version") : news();
    return answer;
}

FakeApiServer::Answer FakeApiServer::streaming_list() {
    if (!streaming_lists) return refusal(422, "sendInitialEvents is forbidden for watch");
    auto answer = watch_answer(version_);
    for (const auto& [name, ip] : objects())
        answer.body += event("ADDED", name, ip, version_);
    if (during_list) during_list();
    answer.body += news() + bookmark(true);
    return answer;
}

FakeApiServer::Answer FakeApiServer::page(const std::string& token) const {
    const int version = token.empty() ? version_ : std::stoi(token);
    const int skip = token.empty() ? 0 : std::stoi(token.substr(token.find('.') + 1));
    if (version < oldest_) return refusal(410, "the provided continue parameter is too old");
    std::string items;
    ProtobufMessage list;
    int index = 0;
    for (const auto& [name, ip] : objects_at(version)) {
        if (index >= skip && index < skip + kPageSize) {
            items += (items.empty() ? "" : ",") + json_service(name, ip, version);
            list.message(2, protobuf_service(name, ip, version));
        }
        ++index;
    }
    const auto next =
        index > skip + kPageSize ? std::to_string(version) + "." + std::to_string(skip + kPageSize) : "";
    if (encoding == Encoding::kJson)
        return {200, "", "application/json",
                R"({"metadata":{"resourceVersion":")" + std::to_string(version) + R"(","continue":")" + next +
                    R"("},"items":[)" + items + "]}",
                false};
    list.message(1, ProtobufMessage{}.bytes(2, std::to_string(version)).bytes(3, next));
    return {200, "", "application/vnd.kubernetes.protobuf", kubernetes_protobuf("v1", "ServiceList", list),
            false};
}

FakeApiServer::Answer FakeApiServer::answer(const std::string& target) {
    if (!parameter(target, "watch")) return page(parameter(target, "continue").value_or(""));
    if (parameter(target, "sendInitialEvents")) return streaming_list();
    return watch_answer(std::stoi(parameter(target, "resourceVersion").value_or("0")));
}

}  // namespace fairlead::test
