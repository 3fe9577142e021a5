#pragma once

// For .cpp files of kube/ only.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace fairlead::kube {

/// A field of an API object: its name in JSON, and its number in the protobuf message
/// (k8s.io/api/*/generated.proto).
struct Field {
    std::string_view name;
    std::uint32_t number = 0;

    constexpr Field(const char* name_in_json, std::uint32_t number_in_protobuf = 0)
        : name(name_in_json), number(number_in_protobuf) {}
    constexpr Field(std::string_view name_in_json, std::uint32_t number_in_protobuf = 0)
        : name(name_in_json), number(number_in_protobuf) {}
};

/// What the readers of both encodings share: the place in the object, and the first thing that is wrong in
/// it. Everything after that reads as absent, so that decoders need not check each line. What the object can
/// be used without is passed over instead.
class FieldReader {
  public:
    /// Remembers that `field` of the current object is wrong.
    void refuse(Field field, std::string reason);
    /// The same about the object or element that is being visited.
    void refuse(std::string reason) { refuse(Field{""}, std::move(reason)); }

    /// Remembers that `field` of the current object is passed over, and the rest of the object is used.
    void skip(Field field, std::string reason);
    void skip(std::string reason) { skip(Field{""}, std::move(reason)); }

    struct Wrong {
        std::string field;  ///< "spec.ports[2].protocol"
        std::string reason;
    };
    /// What was passed over: the first few.
    [[nodiscard]] const std::vector<Wrong>& skipped() const { return skipped_; }

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::string& field() const { return wrong_.field; }
    [[nodiscard]] const std::string& reason() const { return wrong_.reason; }

  protected:
    static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);

    /// A step down, for as long as it lives.
    class Step {
      public:
        Step(FieldReader& reader, std::string_view name, std::size_t index = kNoIndex) : reader_(reader) {
            FAIRLEAD_ASSERT(reader.depth_ < kDeepest);
            reader.path_[reader.depth_++] = {name, index};
        }
        ~Step() { --reader_.depth_; }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

      private:
        FieldReader& reader_;
    };

  private:
    static constexpr std::size_t kDeepest = 12;
    struct Part {
        std::string_view name;
        std::size_t index = kNoIndex;
    };

    [[nodiscard]] std::string path_to(Field field) const;

    std::array<Part, kDeepest> path_;
    std::size_t depth_ = 0;
    bool failed_ = false;
    Wrong wrong_;
    std::vector<Wrong> skipped_;
};

}  // namespace fairlead::kube
