#pragma once

#include <memory>
#include <utility>

namespace fairlead::base {

/// A std::optional of the size of a pointer, for what is nearly always absent: a value that is there lies on
/// the heap. Copies and comparisons are of the value.
template <class Value>
class Boxed {
  public:
    Boxed() = default;
    Boxed(Value value)
        : value_(std::make_unique<Value>(std::move(value))) {}  // NOLINT(google-explicit-constructor)
    Boxed(const Boxed& other) : value_(other.value_ ? std::make_unique<Value>(*other.value_) : nullptr) {}
    Boxed(Boxed&&) noexcept = default;
    Boxed& operator=(Boxed other) noexcept {
        value_ = std::move(other.value_);
        return *this;
    }
    ~Boxed() = default;

    [[nodiscard]] bool has_value() const { return value_ != nullptr; }
    explicit operator bool() const { return has_value(); }
    const Value& operator*() const { return *value_; }
    Value& operator*() { return *value_; }
    const Value* operator->() const { return value_.get(); }
    Value* operator->() { return value_.get(); }

    Value& emplace() { return *(value_ = std::make_unique<Value>()); }
    void reset() { value_.reset(); }

    friend bool operator==(const Boxed& a, const Boxed& b) {
        return a.has_value() == b.has_value() && (!a || *a == *b);
    }

  private:
    std::unique_ptr<Value> value_;
};

}  // namespace fairlead::base
