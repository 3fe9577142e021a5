#include "kube/decode_json.h"

#include "kube/json_reader.h"
#include "kube/read_messages.h"

namespace fairlead::kube {

namespace {

using base::ErrorCode;
using Object = JsonReader::Object;

struct TypeMeta {
    std::string_view api_version;
    std::string_view kind;
};

Decoded<TypeMeta> read_type_meta(Object object) {
    JsonReader reader;
    const TypeMeta type{reader.text(object, "apiVersion"), reader.text(object, "kind")};
    if (reader.failed()) return std::unexpected(DecodeError{"object", reader.field(), reader.reason()});
    return type;
}

/// With its apiVersion and kind, or as `kind` where a list leaves them out.
Decoded<AnyObject> decode_any(Object object, std::string_view kind, std::vector<DecodeError>* skipped) {
    const auto type = read_type_meta(object);
    if (!type) return std::unexpected(type.error());
    if (type->kind.empty()) return decode_kind<JsonReader>(object, std::nullopt, kind, skipped);
    return decode_kind<JsonReader>(object, type->api_version, type->kind, skipped);
}

}  // namespace

struct JsonDecoder::State {
    simdjson::dom::parser parser;

    base::Result<Object> parse(std::string_view json) {
        Object object;
        const auto failure = parser.parse(json.data(), json.size()).get(object);
        if (failure)
            return base::fail(ErrorCode::kInvalid,
                              std::string("no JSON object: ") + simdjson::error_message(failure));
        return object;
    }
};

JsonDecoder::JsonDecoder() : state_(std::make_unique<State>()) {}
JsonDecoder::~JsonDecoder() = default;

Decoded<AnyObject> JsonDecoder::decode_object(std::string_view json, std::string_view kind) {
    const auto object = state_->parse(json);
    if (!object) return std::unexpected(DecodeError{"object", "", object.error().message});
    return decode_any(*object, kind, nullptr);
}

base::Result<WatchEvent> JsonDecoder::decode_watch_event(std::string_view json) {
    FAIRLEAD_TRY(const auto frame, state_->parse(json));
    JsonReader reader;
    const auto type = reader.text(frame, "type");
    const auto element = reader.element(frame, "object");
    Object object;
    if (!element || element->get(object)) return base::fail(ErrorCode::kInvalid, "watch: no event");
    const auto type_meta = read_type_meta(object);
    auto event = read_event<JsonReader>(type, object, type_meta ? type_meta->api_version : "",
                                        type_meta ? type_meta->kind : "");
    if (!event) return base::fail(ErrorCode::kInvalid, "watch: no event");
    return *std::move(event);
}

base::Result<ApiStatus> JsonDecoder::decode_status(std::string_view json) {
    FAIRLEAD_TRY(const auto status, state_->parse(json));
    return read_status<JsonReader>(status);
}

Decoded<std::optional<JsonDecoder::ListItems>> JsonDecoder::split_list(std::string_view json) {
    constexpr std::string_view kList = "List";
    const auto object = state_->parse(json);
    if (!object) return std::nullopt;
    JsonReader reader;
    auto kind = reader.text(*object, "kind");
    if (!kind.ends_with(kList)) return std::nullopt;
    ListItems list{std::string(kind.substr(0, kind.size() - kList.size())), {}};
    const auto items = reader.element(*object, "items");
    if (!items) return list;
    simdjson::dom::array elements;
    if (items->get(elements)) return std::unexpected(DecodeError{std::string(kind), "items", "wants a list"});
    for (const auto element : elements)
        list.items.push_back(simdjson::to_string(element));
    return list;
}

base::Result<ListPage> JsonDecoder::decode_list(std::string_view json, std::string_view kind) {
    FAIRLEAD_TRY(const auto list, state_->parse(json));
    ListPage page;
    JsonReader reader;
    read_list_metadata(reader, list, page);
    page.items.reserve(reader.count(list, "items"));
    reader.each_object(list, "items", [&](Object item) {
        page.keys.push_back(key_of<JsonReader>(item));
        std::vector<DecodeError> skipped;
        page.items.push_back(decode_any(item, kind, &skipped));
        if (!skipped.empty()) page.skipped.emplace(page.items.size() - 1, std::move(skipped));
    });
    if (reader.failed())
        return base::fail(ErrorCode::kInvalid, "list: " + reader.field() + ": " + reader.reason());
    return page;
}

}  // namespace fairlead::kube
