#include "dns/loop_watch.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace fairlead::dns {

namespace {

constexpr std::string_view kPrefix = "fairlead-loop-";
constexpr std::size_t kSecretDigits = 16;

}  // namespace

Name LoopWatch::probe_name(std::size_t upstream) const {
    return Name{}.with_label(fmt::format("{}{:016x}-{}", kPrefix, secret_, upstream)).value_or(Name{});
}

bool LoopWatch::sight(base::TimePoint now, const Name& name) {
    if (name.label_count() != 1) return false;
    const Name lower = name.lowered();
    const std::string_view label = lower.label(0);
    const std::size_t number = kPrefix.size() + kSecretDigits + 1;
    if (label.size() <= number || !label.starts_with(kPrefix)) return false;
    std::size_t upstream = 0;
    std::from_chars(label.data() + number, label.data() + label.size(), upstream);
    if (upstream >= sighted_.size() || probe_name(upstream) != name) return false;
    sighted_[upstream].store(now.time_since_epoch().count(), std::memory_order_relaxed);
    return true;
}

bool LoopWatch::sighted_since(std::size_t upstream, base::TimePoint since) const {
    const auto when = sighted_.at(upstream).load(std::memory_order_relaxed);
    return when != 0 && when >= since.time_since_epoch().count();
}

}  // namespace fairlead::dns
