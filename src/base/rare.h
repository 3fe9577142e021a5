#pragma once

#include <concepts>
#include <type_traits>
#include <utility>

#include "base/boxed.h"

namespace fairlead::base {

/// A value that is nearly always the default of its type (empty text, an empty map), of the size of a
/// pointer: any other lies on the heap.
template <class Value>
class Rare {
  public:
    Rare() = default;
    template <class Other>
        requires(std::constructible_from<Value, Other &&> && !std::same_as<std::remove_cvref_t<Other>, Rare>)
    Rare(Other&& other) {  // NOLINT(google-explicit-constructor)
        if (Value value(std::forward<Other>(other)); !(value == kDefault)) box_ = std::move(value);
    }

    const Value& operator*() const { return box_ ? *box_ : kDefault; }
    const Value* operator->() const { return &**this; }
    /// To change it; takes memory from then on.
    Value& edit() { return box_ ? *box_ : box_.emplace(); }

    friend bool operator==(const Rare& a, const Rare& b) { return *a == *b; }

  private:
    inline static const Value kDefault{};

    Boxed<Value> box_;
};

}  // namespace fairlead::base
