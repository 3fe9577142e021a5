#include "dns/collapse.h"

#include <algorithm>

#include "dns/collapse_verdict.h"
#include "dns/edns.h"

namespace fairlead::dns {

namespace {

using namespace std::chrono_literals;

/// c-ares is the first to ask again, after 2 s.
constexpr base::Duration kPatience = 1s;
/// A name that somebody creates outside of the cluster is seen after this at the latest.
constexpr base::Duration kLongestLifetime = 60s;
/// A base of fewer labels is the name of a Service: a wrong one is to fail fast.
constexpr std::size_t kFewestLabels = 2;

constexpr RecordType kPair[] = {RecordType::kA, RecordType::kAaaa};

std::size_t index_of(RecordType type) {
    return type == RecordType::kA ? 0 : 1;
}

/// What is looked up, if this is a walk's first query; whatever else speaks against collapsing it.
std::optional<Name> base_of(const SearchContext& context, const Query& query) {
    if (context.mode == CollapseMode::kOff || query.klass != RecordClass::kIn) return std::nullopt;
    if (query.type != RecordType::kA && query.type != RecordType::kAaaa) return std::nullopt;
    auto base = query.name.without_suffix(context.search.front());
    if (!base || base->label_count() < kFewestLabels) return std::nullopt;
    return base;
}

/// Of letters, digits, dashes and underscores only: of such names every resolver counts the dots alike.
bool is_plain(const Name& name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    for (std::size_t i = 0; i < name.label_count(); ++i)
        if (!std::ranges::all_of(name.label(i), plain)) return false;
    return true;
}

bool may_collapse(const SearchContext& context, const Query& query, const Name& base) {
    const bool validates = query.checking_disabled || (query.edns && query.edns->dnssec_ok);
    return query.recursion_desired && !validates && base.label_count() - 1 < context.ndots && is_plain(base);
}

/// The same query may be a later one of the walk of a longer name: "www.example.dev" searched in
/// "svc.cluster.local" is "www.example" searched in the namespace "dev".
bool may_be_later_query(base::TimePoint now, const SearchContext& context, const Query& query) {
    if (context.verdicts->may_be_walking(now, query.name)) return true;
    return std::any_of(context.search.begin() + 1, context.search.end(), [&](const Name& domain) {
        const auto base = query.name.without_suffix(domain);
        return base && context.verdicts->may_be_walking(now, *base);
    });
}

bool fits(const Query& query, const Verdict& verdict, std::size_t limit) {
    const std::size_t around = kHeaderSize + query.question.size() + (query.edns ? kOptSize : 0);
    return std::ranges::all_of(verdict.bodies,
                               [&](const auto& body) { return around + body->bytes.size() <= limit; });
}

/// The name of a Service below which the first candidate may be meant to be, as that of one of its endpoints:
/// "dev" in the pod's namespace for "www.example.dev".
std::optional<Name> service_above(const SearchContext& context, const Name& base) {
    return base.parent(base.label_count() - 1).joined(context.search.front());
}

/// A verdict of the zone alone; nullopt where nothing in it speaks against collapsing.
std::optional<VerdictReason> check_zone(const SearchContext& context, const Name& base,
                                        const CollapseLookups& lookups) {
    if (const auto above = service_above(context, base);
        above && lookups.state_of(*above) == NameState::kExists)
        return VerdictReason::kCandidateExists;
    for (const auto& domain : context.checked) {
        const auto candidate = base.joined(domain);
        if (!candidate) continue;  // resolvers pass over it too
        const auto state = lookups.state_of(*candidate);
        if (state == NameState::kUnknown) return VerdictReason::kNotSynced;
        if (state == NameState::kExists) return VerdictReason::kCandidateExists;
    }
    return std::nullopt;
}

/// What has to be looked up: the candidates outside of the cluster, in order, and the absolute name.
std::vector<Name> names_of(const SearchContext& context, const Name& base, const CollapseLookups& lookups) {
    std::vector<Name> names;
    for (const auto& domain : context.checked) {
        const auto candidate = base.joined(domain);
        if (candidate && lookups.state_of(*candidate) == NameState::kOutside) names.push_back(*candidate);
    }
    names.push_back(base);
    return names;
}

CollapseAnswer own_answer(base::TimePoint now, const SearchContext& context, const Name& base) {
    context.verdicts->replied(now, base, true);
    return {};
}

}  // namespace

std::optional<SearchLookup> search_lookup(const SearchContext& context, const Query& query) {
    const auto base = base_of(context, query);
    if (!base || !may_collapse(context, query, *base)) return std::nullopt;
    return SearchLookup{*base};
}

CollapseAnswer Collapser::decide(base::TimePoint now, const SearchContext& context, const Query& query,
                                 std::size_t limit, CollapseLookups& lookups) {
    const auto base = base_of(context, query);
    if (!base) return {};
    if (now < begin_ || !may_collapse(context, query, *base)) return own_answer(now, context, *base);
    if (const auto reason = check_zone(context, *base, lookups)) {
        context.verdicts->give(now, *base, {own_verdict(*reason, true), now, context.checked_version});
        return own_answer(now, context, *base);
    }
    const auto ruling = context.verdicts->find(*base);
    if (ruling.is_fresh(now, context.checked_version)) return answer(now, context, query, limit, ruling);
    if (const auto known = by_subject_.find(Subject{&context, *base}); known != by_subject_.end())
        return wait_for(now, known->second, inquiries_.at(known->second));
    Inquiry inquiry{
        context.shared_from_this(), query.name, *base, names_of(context, *base, lookups), 0, now, {}, {},
        kLongestLifetime,           0};
    return inquire(now, query, std::move(inquiry), limit, lookups);
}

CollapseAnswer Collapser::inquire(base::TimePoint now, const Query& query, Inquiry inquiry, std::size_t limit,
                                  CollapseLookups& lookups) {
    const auto number = ++last_inquiry_;
    const auto context = inquiry.context;
    if (auto verdict = run(number, inquiry, lookups))
        return answer(now, *context, query, limit, give(now, inquiry, std::move(verdict)));
    by_subject_.emplace(Subject{context.get(), inquiry.base}, number);
    auto& waiting = inquiries_.emplace(number, std::move(inquiry)).first->second;
    return wait_for(now, number, waiting);
}

CollapseAnswer Collapser::wait_for(base::TimePoint now, std::uint64_t number, Inquiry& inquiry) {
    if (inquiry.context->mode == CollapseMode::kCount) {
        ++inquiry.counted;
        return own_answer(now, *inquiry.context, inquiry.base);
    }
    CollapseAnswer pending;
    pending.kind = CollapseAnswer::Kind::kPending;
    pending.inquiry = number;
    return pending;
}

CollapseAnswer Collapser::answer(base::TimePoint now, const SearchContext& context, const Query& query,
                                 std::size_t limit, const Ruling& ruling) {
    const auto base = base_of(context, query);
    if (!base) return {};
    const auto& verdict = ruling.verdict;
    const bool collapses = verdict != nullptr && verdict->collapses() && fits(query, *verdict, limit) &&
                           !may_be_later_query(now, context, query);
    if (!collapses || context.mode == CollapseMode::kCount) {
        auto own = own_answer(now, context, *base);
        own.would_collapse = collapses;
        return own;
    }
    const auto& body = verdict->bodies.at(index_of(query.type));
    context.verdicts->replied(now, *base, body->answers == 0);
    const auto age = std::chrono::floor<std::chrono::seconds>(now - ruling.given);
    return {CollapseAnswer::Kind::kCollapsed, false, body, static_cast<std::uint32_t>(age.count()), 0};
}

std::shared_ptr<const Verdict> Collapser::run(std::uint64_t number, Inquiry& inquiry,
                                              CollapseLookups& lookups) {
    for (;; ++inquiry.next) {
        const auto& name = inquiry.names[inquiry.next];
        const bool is_absolute = inquiry.next + 1 == inquiry.names.size();
        for (const auto type : kPair) {
            const auto index = index_of(type);
            if (!std::exchange(inquiry.sent[index], true))
                inquiry.results[index] = lookups.look_up(number * 2 + index, name, type);
        }
        const bool is_of_zone = is_absolute && lookups.state_of(name) != NameState::kOutside;
        const auto reason = is_absolute ? judge_absolute(inquiry.results) : judge_candidate(inquiry.results);
        if (reason) return own_verdict(*reason, is_of_zone);
        if (!inquiry.results[0] || !inquiry.results[1]) return nullptr;
        inquiry.lifetime = is_of_zone ? base::Duration{} : lifetime_of(inquiry.results, inquiry.lifetime);
        if (is_absolute) return judge_end(inquiry, is_of_zone, lookups);
        inquiry.sent = {};
        inquiry.results = {};
    }
}

std::shared_ptr<const Verdict> Collapser::judge_end(const Inquiry& inquiry, bool is_of_zone,
                                                    const CollapseLookups& lookups) {
    Verdict verdict{VerdictReason::kCollapse, is_of_zone, inquiry.lifetime, {}};
    bool has_address = false;
    const auto soa = lookups.negative_soa();
    for (const auto type : kPair) {
        const auto index = index_of(type);
        verdict.bodies[index] =
            collapsed_body(inquiry.first_candidate, inquiry.base, type, *inquiry.results[index], soa);
        has_address = has_address || verdict.bodies[index]->answers > 0;
    }
    if (!has_address) return own_verdict(VerdictReason::kNoAddress, is_of_zone);
    return std::make_shared<const Verdict>(std::move(verdict));
}

void Collapser::resolved(base::TimePoint now, std::uint64_t ticket, const LookupResult& result,
                         CollapseLookups& lookups) {
    const auto number = ticket / 2;
    const auto found = inquiries_.find(number);
    if (found == inquiries_.end()) return;
    found->second.results.at(ticket % 2) = result;
    if (auto verdict = run(number, found->second, lookups)) finish(now, number, std::move(verdict));
}

Ruling Collapser::give(base::TimePoint now, const Inquiry& inquiry, std::shared_ptr<const Verdict> verdict) {
    const auto& context = *inquiry.context;
    return context.verdicts->give(inquiry.asked, inquiry.base,
                                  {std::move(verdict), now, context.checked_version});
}

void Collapser::finish(base::TimePoint now, std::uint64_t number, std::shared_ptr<const Verdict> verdict) {
    const auto node = inquiries_.extract(number);
    const auto& inquiry = node.mapped();
    by_subject_.erase(Subject{inquiry.context.get(), inquiry.base});
    auto ruling = give(now, inquiry, std::move(verdict));
    const bool counts = inquiry.counted > 0 && ruling.verdict && ruling.verdict->collapses();
    finished_.push_back({number, std::move(ruling), counts ? inquiry.context : nullptr, inquiry.counted});
}

void Collapser::advance(base::TimePoint now) {
    while (!inquiries_.empty() && now - inquiries_.begin()->second.asked >= kPatience)
        finish(now, inquiries_.begin()->first, own_verdict(VerdictReason::kFailed, false));
}

std::optional<base::TimePoint> Collapser::next_deadline() const {
    if (inquiries_.empty()) return std::nullopt;
    return inquiries_.begin()->second.asked + kPatience;
}

}  // namespace fairlead::dns
