#pragma once

#include <string_view>

#include "base/result.h"
#include "kube/api_messages.h"

namespace fairlead::kube {

// Reads API objects from application/vnd.kubernetes.protobuf (kubernetes.io, "Kubernetes API Concepts",
// "Kubernetes Protobuf encoding"): the four bytes "k8s\0" and a runtime.Unknown that names apiVersion and
// kind around the object. Only the fields that fairlead uses are looked at; results and errors are those of
// JsonDecoder for the same object. Nothing is kept from call to call.

/// One object.
Decoded<AnyObject> decode_protobuf_object(std::string_view bytes);
/// One frame of a watch, without its length: a bare metav1.WatchEvent. Fails if it is none; an object in it
/// that cannot be used is in `object`.
base::Result<WatchEvent> decode_protobuf_watch_event(std::string_view frame);
/// A list of `kind` (of the items, e.g. "Service").
base::Result<ListPage> decode_protobuf_list(std::string_view bytes, std::string_view kind);
/// A metav1.Status.
base::Result<ApiStatus> decode_protobuf_status(std::string_view bytes);

}  // namespace fairlead::kube
