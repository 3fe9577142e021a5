#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace fairlead::dns {

/// Memory that readers may still be looking at: it is freed once each reader has passed a point where it
/// looks at nothing (quiescent-state-based reclamation: Hart, McKenney, Brown, Walpole, "Performance of
/// memory reclamation for lockless synchronization", 2007). One thread writes, any number reads.
class SnapshotReclaimer {
  public:
    SnapshotReclaimer() = default;
    SnapshotReclaimer(const SnapshotReclaimer&) = delete;
    SnapshotReclaimer& operator=(const SnapshotReclaimer&) = delete;
    /// No reader may be left.
    ~SnapshotReclaimer();

    /// Takes what no reader can find any more from now on.
    template <class Object>
    void retire(std::unique_ptr<const Object> object) {
        retired_.push_back({object.release(), [](const void* retired) {
                                delete static_cast<const Object*>(retired);  // NOLINT(*-owning-memory)
                            }});
    }
    template <class Object>
    void retire(std::unique_ptr<const Object[]> objects) {  // NOLINT(*-avoid-c-arrays)
        retired_.push_back({objects.release(), [](const void* retired) {
                                delete[] static_cast<const Object*>(retired);  // NOLINT(*-owning-memory)
                            }});
    }

    /// Frees what no reader can be looking at; how many objects have to wait on.
    std::size_t reclaim();

  private:
    friend class ReaderGate;

    struct Retired {
        const void* object = nullptr;
        void (*destroy)(const void*) = nullptr;
    };
    struct Batch {
        std::uint64_t epoch = 0;  // readers that have seen it look at none of these
        std::vector<Retired> objects;
    };
    /// Of one reader; on a cache line of its own. Never freed before the reclaimer, used again by the next.
    struct alignas(64) Seat {
        std::atomic<std::uint64_t> seen_epoch{kAway};
        std::atomic<bool> taken{true};
        Seat* next = nullptr;
    };
    static constexpr std::uint64_t kAway = ~std::uint64_t{0};

    Seat& take_seat();
    [[nodiscard]] std::uint64_t oldest_seen() const;

    std::atomic<std::uint64_t> epoch_{1};
    std::atomic<Seat*> seats_{nullptr};
    std::vector<Retired> retired_;  // since the last reclaim()
    std::deque<Batch> batches_;
};

/// A reader's side: what it finds in snapshots stays valid until its next quiescent() or offline(). To be
/// used by one thread at a time; made and destroyed by any.
class ReaderGate {
  public:
    /// Online from the start. `reclaimer` outlives it.
    explicit ReaderGate(SnapshotReclaimer& reclaimer) : reclaimer_(reclaimer), seat_(reclaimer.take_seat()) {
        online();
    }
    ReaderGate(const ReaderGate&) = delete;
    ReaderGate& operator=(const ReaderGate&) = delete;
    ~ReaderGate();

    /// Between two pieces of work: nothing found before is looked at any more.
    void quiescent() {
        seat_.seen_epoch.store(reclaimer_.epoch_.load(std::memory_order_acquire), std::memory_order_release);
    }
    /// Before a wait of any length, which would hold up the freeing: nothing is looked at until online().
    void offline() { seat_.seen_epoch.store(SnapshotReclaimer::kAway, std::memory_order_release); }
    void online() {
        // Sequentially consistent, as the loads and stores of the tables' pointers are: either reclaim() sees
        // this reader, or the reader sees the pointers that were stored before.
        seat_.seen_epoch.store(reclaimer_.epoch_.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
    }

  private:
    SnapshotReclaimer& reclaimer_;
    SnapshotReclaimer::Seat& seat_;
};

}  // namespace fairlead::dns
