#include "bench/cold_loads.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random.h"

namespace fairlead::bench {

namespace {

struct alignas(64) Line {
    const Line* next = nullptr;
    std::array<std::byte, 56> rest{};
};

void shuffle(base::Random& random, std::vector<std::size_t>& numbers) {
    for (std::size_t i = numbers.size(); i > 1; --i)
        std::swap(numbers[i - 1], numbers[random.below(i)]);
}

}  // namespace

double cold_load_ns(std::size_t bytes, std::size_t lines) {
    constexpr int kRounds = 5;  // the best counts: others use the machine too
    constexpr std::size_t kSteps = 400'000;
    std::vector<Line> memory(std::max(bytes / sizeof(Line), lines));
    base::Random random{3};
    std::vector<std::size_t> order(memory.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    shuffle(random, order);
    for (std::size_t i = 0; i < lines; ++i)
        memory[order[i]].next = &memory[order[(i + 1) % lines]];
    double best = std::numeric_limits<double>::max();
    const Line* at = &memory[order[0]];
    for (int round = 0; round <= kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        for (std::size_t step = 0; step < kSteps; ++step)
            at = at->next;
        benchmark::DoNotOptimize(at);
        const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
        if (round > 0) best = std::min(best, took.count() / kSteps);
    }
    return best;
}

}  // namespace fairlead::bench
