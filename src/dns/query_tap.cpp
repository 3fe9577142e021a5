#include "dns/query_tap.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "dns/wire.h"

namespace fairlead::dns {

namespace {

constexpr std::size_t kFlagsAt = 2;  // where the header has them
constexpr std::size_t kAnswersAt = 6;

}  // namespace

void QueryTap::answered(base::TimePoint now, const SeenAnswer& answer) {
    if (version_.load(std::memory_order_relaxed) != seen_version_) look_what_is_wanted();
    if (seen_wanted_ == nullptr) return;
    const ResponseCode code{static_cast<std::uint16_t>(get_u16(answer.reply, kFlagsAt) & kCodeMask)};
    const auto fits = wanted_by(answer, code);
    if (fits == 0) return;
    put({.at = now,
         .source = answer.client.source,
         .context = answer.context == nullptr ? nullptr : answer.context->shared_from_this(),
         .name = answer.query.name,
         .type = answer.query.type,
         .code = code,
         .transport = answer.client.transport,
         .reply_source = answer.reply_source,
         .answers = get_u16(answer.reply, kAnswersAt),
         .took = answer.took,
         .version = seen_wanted_->version,
         .wanted_by = fits});
}

/// What is wanted changes while it is looked at: then the next query looks again.
void QueryTap::look_what_is_wanted() {
    const std::unique_lock lock{mutex_, std::try_to_lock};
    if (!lock) return;
    seen_version_ = wanted_->version;
    const bool any =
        std::ranges::any_of(wanted_->filters, [](const auto& filter) { return filter.has_value(); });
    seen_wanted_ = any ? wanted_ : nullptr;
    seen_ring_ = ring_;
}

std::uint32_t QueryTap::wanted_by(const SeenAnswer& answer, ResponseCode code) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < seen_wanted_->filters.size(); ++i) {
        const auto& filter = seen_wanted_->filters[i];
        if (!filter || filter->one_in == 0 || !matches(*filter, answer.context, answer.query.name, code))
            continue;
        if (filter->one_in == 1 || random_.below(filter->one_in) == 0) bits |= 1U << i;
    }
    return bits;
}

void QueryTap::put(LoggedQuery query) {
    const auto written = seen_ring_->written.load(std::memory_order_relaxed);
    if (written - seen_ring_->read.load(std::memory_order_acquire) == kRoom) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    seen_ring_->queries[written % kRoom] = std::move(query);
    seen_ring_->written.store(written + 1, std::memory_order_release);
}

void QueryTap::want(std::vector<std::optional<QueryFilter>> filters, std::uint64_t version) {
    FAIRLEAD_ASSERT(filters.size() <= kMostFilters);
    auto wanted = std::make_shared<const Wanted>(Wanted{std::move(filters), version});
    auto ring = ring_ == nullptr ? std::make_shared<Ring>() : ring_;
    const std::scoped_lock lock{mutex_};
    wanted_ = std::move(wanted);
    ring_ = std::move(ring);
    version_.store(version, std::memory_order_relaxed);
}

void QueryTap::take(std::vector<LoggedQuery>& queries) {
    if (ring_ == nullptr) return;
    auto read = ring_->read.load(std::memory_order_relaxed);
    for (const auto written = ring_->written.load(std::memory_order_acquire); read < written; ++read)
        queries.push_back(std::move(ring_->queries[read % kRoom]));
    ring_->read.store(read, std::memory_order_release);
}

}  // namespace fairlead::dns
