// What it costs to take in the EndpointSlices of a large cluster: a streaming list, decoded by the reflector
// and put into the store, as JSON and as protobuf. Beside the time: bytes on the wire, the store's memory,
// and the most that was allocated on the way.

#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>

#include "bench/counted_heap.h"
#include "kube/decode_protobuf.h"
#include "kube/store_sink.h"
#include "support/kube_wire.h"

namespace fairlead::kube {
namespace {

constexpr double kMebibyte = 1 << 20U;
constexpr std::size_t kReadSizeBytes = 65'536;

using Stores = Store<EndpointSlice>;

/// The bytes as they come from a socket, to the end of the list.
void receive(const test::WatchBody& body, Stores& store) {
    base::Random random{1};
    StoreSink<EndpointSlice> sink{store,
                                  [](const std::string& message) { std::fputs(message.c_str(), stderr); }};
    Reflector reflector{{"endpointslices", "/apis", "EndpointSlice", "", ""}, sink, random};
    const base::TimePoint now{};
    benchmark::DoNotOptimize(reflector.poll(now));
    reflector.receive_head(now, 200, "", body.content_type);
    for (std::size_t at = 0; at < body.bytes.size(); at += kReadSizeBytes)
        reflector.receive_body(now, std::string_view(body.bytes).substr(at, kReadSizeBytes));
    if (!reflector.synced()) std::abort();
}

void take_in(benchmark::State& state, test::WatchBody (*make)(std::size_t, std::size_t)) {
    const auto slices = static_cast<std::size_t>(state.range(0));
    const auto body = make(slices, static_cast<std::size_t>(state.range(1)));
    const std::size_t before = bench::heap_use().live_bytes;
    std::size_t kept = 0;
    for (auto _ : state) {
        state.PauseTiming();
        bench::reset_heap_peak();
        {
            Stores store;
            state.ResumeTiming();
            receive(body, store);
            state.PauseTiming();
            static_cast<void>(store.take_changes());
            kept = bench::heap_use().live_bytes - before;
            if (store.size() != slices) std::abort();
        }
        state.ResumeTiming();
    }
    state.counters["wire_MiB"] = static_cast<double>(body.bytes.size()) / kMebibyte;
    state.counters["store_MiB"] = static_cast<double>(kept) / kMebibyte;
    state.counters["peak_MiB"] = static_cast<double>(bench::heap_use().peak_bytes - before) / kMebibyte;
}

/// The frames alone, each thrown away.
void decode(benchmark::State& state, Encoding encoding, test::WatchBody (*make)(std::size_t, std::size_t)) {
    const auto body =
        make(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)));
    JsonDecoder decoder;
    for (auto _ : state) {
        WatchFrames frames;
        frames.reset(encoding);
        const auto done = frames.receive(body.bytes, [&](std::string_view frame) {
            return encoding == Encoding::kJson ? decoder.decode_watch_event(frame).has_value()
                                               : decode_protobuf_watch_event(frame).has_value();
        });
        if (!done) std::abort();
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                            static_cast<std::int64_t>(body.bytes.size()));
}

void DecodeJson(benchmark::State& state) {
    decode(state, Encoding::kJson, test::slices_as_json);
}
void DecodeProtobuf(benchmark::State& state) {
    decode(state, Encoding::kProtobuf, test::slices_as_protobuf);
}
void Json(benchmark::State& state) {
    take_in(state, test::slices_as_json);
}
void Protobuf(benchmark::State& state) {
    take_in(state, test::slices_as_protobuf);
}

BENCHMARK(DecodeJson)->Args({44'125, 1})->Args({5'006, 50})->Unit(benchmark::kMillisecond)->MinTime(1);
BENCHMARK(DecodeProtobuf)->Args({44'125, 1})->Args({5'006, 50})->Unit(benchmark::kMillisecond)->MinTime(1);
BENCHMARK(Json)->Args({44'125, 1})->Args({5'006, 50})->Unit(benchmark::kMillisecond)->MinTime(1);
BENCHMARK(Protobuf)->Args({44'125, 1})->Args({5'006, 50})->Unit(benchmark::kMillisecond)->MinTime(1);

}  // namespace
}  // namespace fairlead::kube

BENCHMARK_MAIN();
