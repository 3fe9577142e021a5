#include "dns/collapse_verdict.h"

#include <algorithm>

namespace fairlead::dns {

namespace {

using namespace std::chrono_literals;

/// A client asks for nothing that it knows from its last walk so soon; and own answers are right at any age.
constexpr base::Duration kOwnLifetime = 10s;

bool is_missing(const ReplyBody& body) {
    // With a CNAME record it is the target that is missing, and the name itself exists.
    return body.code == ResponseCode::kNxDomain && body.answers == 0;
}

bool has_address(const Name& name, RecordType type, const ReplyBody& body) {
    if (body.answers == 0) return false;
    return std::ranges::any_of(records_of(name, body).answer,
                               [&](const Record& record) { return record.type == type; });
}

std::uint32_t without_age(std::uint32_t ttl_s, std::uint32_t age_s) {
    return ttl_s > age_s ? ttl_s - age_s : 0;
}

std::uint32_t negative_ttl_s(const Record& soa) {
    const auto fields = soa_of(soa);
    return fields ? std::min(soa.ttl_s, fields->minimum_s) : soa.ttl_s;
}

}  // namespace

std::shared_ptr<const Verdict> own_verdict(VerdictReason reason, bool is_of_zone) {
    static const auto kVerdicts = [] {
        std::array<std::shared_ptr<const Verdict>, 12> verdicts;
        for (std::size_t i = 0; i < verdicts.size(); ++i) {
            const bool of_zone = i % 2 == 1;
            verdicts[i] = std::make_shared<const Verdict>(Verdict{
                static_cast<VerdictReason>(i / 2), of_zone, of_zone ? base::Duration{} : kOwnLifetime, {}});
        }
        return verdicts;
    }();
    return kVerdicts.at(static_cast<std::size_t>(reason) * 2 + (is_of_zone ? 1 : 0));
}

std::optional<VerdictReason> judge_candidate(const PairOfResults& results) {
    for (const auto& result : results) {
        if (!result) continue;
        const auto& body = result->body;
        if (body != nullptr && is_missing(*body)) continue;
        const bool exists = body != nullptr && (body->code == ResponseCode::kNoError || body->answers > 0);
        return exists ? VerdictReason::kCandidateExists : VerdictReason::kFailed;
    }
    return std::nullopt;
}

std::optional<VerdictReason> judge_absolute(const PairOfResults& results) {
    bool any_missing = false;
    for (const auto& result : results) {
        if (!result) continue;
        if (result->body == nullptr) return VerdictReason::kFailed;
        const auto code = result->body->code;
        if (code == ResponseCode::kNxDomain)
            any_missing = true;
        else if (code != ResponseCode::kNoError)
            return VerdictReason::kFailed;
    }
    // Beside an address "no such name" is a fault that resolvers take differently: they are to see it
    // themselves.
    return any_missing ? std::optional(VerdictReason::kAbsoluteMissing) : std::nullopt;
}

base::Duration lifetime_of(const PairOfResults& results, base::Duration most) {
    for (const auto& result : results)
        if (result && result->body)
            most = std::min<base::Duration>(
                most, std::chrono::seconds(without_age(result->body->least_ttl_s, result->age_s)));
    return most;
}

std::shared_ptr<const ReplyBody> collapsed_body(const Name& first_candidate, const Name& absolute,
                                                RecordType type, const LookupResult& result,
                                                const Record& negative_soa) {
    std::vector<Record> answer;
    if (has_address(absolute, type, *result.body)) answer = records_of(absolute, *result.body).answer;
    std::uint32_t ttl_s = negative_ttl_s(negative_soa);
    for (auto& record : answer) {
        record.ttl_s = without_age(record.ttl_s, result.age_s);
        ttl_s = std::min(ttl_s, record.ttl_s);
    }
    std::vector<Record> authority;
    if (answer.empty())
        authority.push_back(negative_soa);
    else
        answer.insert(answer.begin(), cname_record(first_candidate, ttl_s, absolute));
    auto body = make_body(first_candidate, ResponseCode::kNoError, answer, authority);
    body.authoritative = true;
    body.authentic = false;
    return std::make_shared<const ReplyBody>(std::move(body));
}

}  // namespace fairlead::dns
