#include "kube/decode_protobuf.h"

#include "kube/protobuf_reader.h"
#include "kube/read_messages.h"

namespace fairlead::kube {

namespace {

using base::ErrorCode;

constexpr std::string_view kMagic{"k8s\0", 4};

/// runtime.Unknown: an object with its type beside it.
struct Unknown {
    std::string_view api_version;
    std::string_view kind;
    std::string_view raw;
};

base::Result<Unknown> read_unknown(std::string_view bytes) {
    if (!bytes.starts_with(kMagic)) return base::fail(ErrorCode::kInvalid, "no Kubernetes protobuf");
    const auto envelope = bytes.substr(kMagic.size());
    ProtobufReader reader;
    Unknown unknown;
    reader.object(envelope, {"typeMeta", 1}, [&](std::string_view type) {
        unknown.api_version = reader.text(type, {"apiVersion", 1});
        unknown.kind = reader.text(type, {"kind", 2});
    });
    unknown.raw = reader.text(envelope, {"raw", 2});
    if (!reader.text(envelope, {"contentEncoding", 3}).empty())
        reader.refuse("contentEncoding", "is not known here");
    if (reader.failed())
        return base::fail(ErrorCode::kInvalid, "protobuf: " + reader.field() +
                                                   (reader.field().empty() ? "" : ": ") + reader.reason());
    return unknown;
}

/// What a frame says of its object; an ERROR of a server may be empty.
base::Result<Unknown> read_event_object(ProtobufReader& reader, std::string_view frame) {
    std::string_view raw;
    reader.object(frame, {"object", 2},
                  [&](std::string_view object) { raw = reader.text(object, {"raw", 1}); });
    if (reader.failed()) return base::fail(ErrorCode::kInvalid, "watch: no event: " + reader.reason());
    return read_unknown(raw);
}

}  // namespace

Decoded<AnyObject> decode_protobuf_object(std::string_view bytes) {
    const auto unknown = read_unknown(bytes);
    if (!unknown) return std::unexpected(DecodeError{"object", "", unknown.error().message});
    return decode_kind<ProtobufReader>(unknown->raw, unknown->api_version, unknown->kind, nullptr);
}

base::Result<WatchEvent> decode_protobuf_watch_event(std::string_view frame) {
    ProtobufReader reader;
    const auto type = reader.text(frame, {"type", 1});
    FAIRLEAD_TRY(const auto unknown, read_event_object(reader, frame));
    auto event = read_event<ProtobufReader>(type, unknown.raw, unknown.api_version, unknown.kind);
    if (!event) return base::fail(ErrorCode::kInvalid, "watch: no event");
    return *std::move(event);
}

base::Result<ListPage> decode_protobuf_list(std::string_view bytes, std::string_view kind) {
    FAIRLEAD_TRY(const auto list, read_unknown(bytes));
    if (list.kind != std::string(kind) + "List")
        return base::fail(ErrorCode::kInvalid,
                          "list: kind: '" + std::string(list.kind) + "' is no " + std::string(kind) + "List");
    ListPage page;
    ProtobufReader reader;
    read_list_metadata(reader, list.raw, page);
    page.items.reserve(reader.count(list.raw, {"items", 2}));
    reader.each_object(list.raw, {"items", 2}, [&](std::string_view item) {
        page.keys.push_back(key_of<ProtobufReader>(item));
        std::vector<DecodeError> skipped;
        page.items.push_back(decode_kind<ProtobufReader>(item, std::nullopt, kind, &skipped));
        if (!skipped.empty()) page.skipped.emplace(page.items.size() - 1, std::move(skipped));
    });
    if (reader.failed())
        return base::fail(ErrorCode::kInvalid, "list: " + reader.field() + ": " + reader.reason());
    return page;
}

base::Result<ApiStatus> decode_protobuf_status(std::string_view bytes) {
    FAIRLEAD_TRY(const auto unknown, read_unknown(bytes));
    if (unknown.kind != "Status")
        return base::fail(ErrorCode::kInvalid, "'" + std::string(unknown.kind) + "' is no Status");
    return read_status<ProtobufReader>(unknown.raw);
}

}  // namespace fairlead::kube
