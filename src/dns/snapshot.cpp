#include "dns/snapshot.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace fairlead::dns {

SnapshotReclaimer::~SnapshotReclaimer() {
    FAIRLEAD_ASSERT(reclaim() == 0);
    for (auto* seat = seats_.load(); seat != nullptr;) {
        const std::unique_ptr<Seat> owned{seat};
        FAIRLEAD_ASSERT(!seat->taken.load());
        seat = seat->next;
    }
}

SnapshotReclaimer::Seat& SnapshotReclaimer::take_seat() {
    for (auto* seat = seats_.load(); seat != nullptr; seat = seat->next)
        if (!seat->taken.exchange(true)) return *seat;
    auto* const seat = std::make_unique<Seat>().release();
    seat->next = seats_.load();
    while (!seats_.compare_exchange_weak(seat->next, seat)) {
    }
    return *seat;
}

std::uint64_t SnapshotReclaimer::oldest_seen() const {
    std::uint64_t oldest = kAway;
    for (const auto* seat = seats_.load(); seat != nullptr; seat = seat->next)
        oldest = std::min(oldest, seat->seen_epoch.load(std::memory_order_seq_cst));
    return oldest;
}

std::size_t SnapshotReclaimer::reclaim() {
    if (!retired_.empty())
        batches_.push_back({epoch_.fetch_add(1, std::memory_order_seq_cst) + 1, std::exchange(retired_, {})});
    const auto oldest = oldest_seen();
    while (!batches_.empty() && batches_.front().epoch <= oldest) {
        for (const auto& [object, destroy] : batches_.front().objects)
            destroy(object);
        batches_.pop_front();
    }
    std::size_t waiting = 0;
    for (const auto& batch : batches_)
        waiting += batch.objects.size();
    return waiting;
}

ReaderGate::~ReaderGate() {
    offline();
    seat_.taken.store(false);
}

}  // namespace fairlead::dns
