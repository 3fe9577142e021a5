#pragma once

#include <deque>
#include <utility>
#include <vector>

#include "kube/api_messages.h"

namespace fairlead::kube {

/// The key of an object of any kind.
const ObjectKey& key_of(const AnyObject& object);

/// A list on its way in: objects, and changes to them that a streaming list may carry before its end.
class Listing {
  public:
    /// An object that was not in the list before.
    void add(AnyObject object) { objects_.push_back(std::move(object)); }
    /// An object that may be in the list already. Takes a walk over the list: changes are rare while it
    /// comes.
    void put(AnyObject object);
    void remove(const ObjectKey& key);
    /// An object that is there, but cannot be read: what the list has of it stays, or else what was known.
    void mark_unreadable(const ObjectKey& key);

    [[nodiscard]] std::deque<AnyObject> take_objects() { return std::exchange(objects_, {}); }
    [[nodiscard]] std::vector<ObjectKey> take_unreadable() { return std::exchange(unreadable_, {}); }
    void clear() { *this = {}; }

  private:
    std::deque<AnyObject> objects_;  // grows without being copied, and is given up piece by piece
    std::vector<ObjectKey> unreadable_;
};

}  // namespace fairlead::kube
