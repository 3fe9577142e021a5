#include "dns/search_walk.h"

#include <algorithm>
#include <utility>

#include "base/address.h"

namespace fairlead::dns {

namespace {

using base::ErrorCode;
using base::Result;

/// musl reads resolv.conf in lines of so many bytes with their end, and takes no notice of longer ones.
constexpr std::size_t kMuslLineBytes = 255;
constexpr std::string_view kSearchKeyword = "search";

bool is_address_type(RecordType type) {
    return type == RecordType::kA || type == RecordType::kAaaa;
}

/// Codes of a server that glibc passes over for the next server.
bool glibc_passes_over(ResponseCode code) {
    return code == ResponseCode::kServFail || code == ResponseCode::kNotImp || code == ResponseCode::kRefused;
}

constexpr std::pair<std::string_view, Libc> kLibcs[] = {
    {"glibc", Libc::kGlibc}, {"musl", Libc::kMusl}, {"go", Libc::kGo}};

/// The only codes that musl and Go take for an answer.
bool is_answer(ResponseCode code) {
    return code == ResponseCode::kNoError || code == ResponseCode::kNxDomain;
}

bool has_records(const WalkReply& reply) {
    return reply.code == ResponseCode::kNoError && reply.answers > 0;
}

bool musl_reads(const std::vector<Name>& search) {
    std::size_t bytes = kSearchKeyword.size() + 1;
    for (const Name& domain : search)
        bytes += domain.to_string().size();  // with a dot at its end, where the file has a blank
    return bytes <= kMuslLineBytes;
}

}  // namespace

std::string_view name_of(Libc libc) {
    return std::ranges::find(kLibcs, libc, &std::pair<std::string_view, Libc>::second)->first;
}

Result<Libc> parse_libc(std::string_view text) {
    for (const auto& [name, libc] : kLibcs)
        if (name == text) return libc;
    return base::fail(ErrorCode::kInvalid, "'" + std::string(text) + "' is none of glibc, musl, go");
}

std::string_view name_of(WalkEnd end) {
    switch (end) {
        case WalkEnd::kFound:
            return "found";
        case WalkEnd::kNoSuchName:
            return "no such name";
        case WalkEnd::kNoData:
            return "no data";
        case WalkEnd::kTryAgain:
            return "try again";
        case WalkEnd::kFailed:
            break;
    }
    return "failed";
}

Result<SearchWalk> SearchWalk::begin(Libc libc, const WalkSettings& settings, std::string_view text,
                                     std::vector<RecordType> types) {
    if (base::IpAddress::parse(text))
        return base::fail(ErrorCode::kInvalid,
                          "'" + std::string(text) + "' is an address: no resolver looks it up");
    FAIRLEAD_TRY(const Name base, Name::parse(text));
    const auto dots = static_cast<std::size_t>(std::ranges::count(text, '.'));
    const bool absolute = text.ends_with('.');
    const bool enough_dots = absolute || dots >= settings.ndots;
    // musl searches for addresses only: its res_search() is res_query().
    const bool walks = libc == Libc::kMusl
                           ? !enough_dots && is_address_type(types.front()) && musl_reads(settings.search)
                           : !absolute;
    SearchWalk walk{libc, settings, std::move(types)};
    walk.plan(base, enough_dots, walks, settings.search);
    return walk;
}

SearchWalk::SearchWalk(Libc libc, const WalkSettings& settings, std::vector<RecordType> types)
    : libc_(libc), settings_(settings), types_(std::move(types)), replies_(types_.size()) {}

void SearchWalk::plan(const Name& base, bool as_it_is_first, bool walks, const std::vector<Name>& search) {
    if (as_it_is_first) {
        as_it_is_ = 0;
        candidates_.push_back(base);
    }
    bool has_root = false;
    if (walks)
        for (const Name& domain : search) {
            const auto candidate = base.joined(domain);
            const bool fits = candidate && !(domain.is_root() && libc_ != Libc::kGlibc);
            has_root |= fits && domain.is_root();
            if (fits)
                candidates_.push_back(*candidate);
            else if (libc_ == Libc::kGlibc)
                break;
        }
    if (as_it_is_ || has_root) return;
    as_it_is_ = candidates_.size();
    candidates_.push_back(base);
}

std::optional<SearchWalk::Step> SearchWalk::next() const {
    if (at_ >= candidates_.size()) return std::nullopt;
    Step step{candidates_[at_], {}};
    for (std::size_t i = 0; i < types_.size(); ++i)
        if (!replies_[i]) step.types.push_back(types_[i]);
    return step;
}

void SearchWalk::answered(std::span<const WalkReply> replies) {
    std::size_t taken = 0;
    for (auto& reply : replies_)
        if (!reply) reply = replies[taken++];
    switch (libc_) {
        case Libc::kGlibc:
            if (!send_again_as_glibc()) judge_as_glibc();
            break;
        case Libc::kMusl:
            if (!send_again_as_musl()) judge_as_musl();
            break;
        case Libc::kGo:
            if (!send_again_as_go()) judge_as_go();
            break;
    }
}

void SearchWalk::go_to(std::size_t candidate) {
    at_ = candidate;
    rounds_ = 0;
    sent_again_ = 0;
    std::ranges::fill(replies_, std::nullopt);
}

void SearchWalk::finish(WalkEnd end) {
    end_ = end;
    at_ = candidates_.size();
}

/// Both are sent again, to the next server, where both came to nothing.
bool SearchWalk::send_again_as_glibc() {
    const bool no_use =
        std::ranges::all_of(replies_, [](const auto& reply) { return glibc_passes_over(reply->code); });
    if (!no_use || ++rounds_ >= settings_.nameservers * settings_.attempts) return false;
    std::ranges::fill(replies_, std::nullopt);
    return true;
}

/// SERVFAIL is asked again at once, so many times in a round; any other fault in the next round only.
bool SearchWalk::send_again_as_musl() {
    bool again = false;
    for (auto& reply : replies_) {
        if (is_answer(reply->code)) continue;
        if (reply->code != ResponseCode::kServFail || sent_again_ >= 2 * types_.size()) continue;
        ++sent_again_;
        reply.reset();
        again = true;
    }
    if (again) return true;
    const bool has_fault =
        std::ranges::any_of(replies_, [](const auto& reply) { return !is_answer(reply->code); });
    if (!has_fault || ++rounds_ >= settings_.attempts) return false;
    for (auto& reply : replies_)
        if (!is_answer(reply->code)) reply.reset();
    sent_again_ = 0;
    return true;
}

/// Each type by itself goes from server to server, and so round after round.
bool SearchWalk::send_again_as_go() {
    if (++rounds_ >= settings_.nameservers * settings_.attempts) return false;
    bool again = false;
    for (auto& reply : replies_) {
        if (is_answer(reply->code)) continue;
        reply.reset();
        again = true;
    }
    return again;
}

void SearchWalk::judge_as_glibc() {
    const auto any = [&](auto is) { return std::ranges::any_of(replies_, is); };
    if (any([](const auto& reply) { return has_records(*reply) && reply->has_type; }))
        return finish(WalkEnd::kFound);
    // Records of other types, such as an alias without an end, end the walk as well.
    if (any([](const auto& reply) { return has_records(*reply); })) return finish(WalkEnd::kNoSuchName);
    const WalkEnd end = end_as_glibc();
    const bool servfail = end == WalkEnd::kTryAgain && replies_.front()->code == ResponseCode::kServFail;
    if (at_ != as_it_is_) {
        saw_no_data_ |= end == WalkEnd::kNoData;
        saw_servfail_ |= servfail;
    } else if (at_ == 0) {
        end_of_first_ = end;
    }
    const bool gives_up =
        at_ != as_it_is_ && !servfail && (end == WalkEnd::kTryAgain || end == WalkEnd::kFailed);
    if (gives_up) return go_to_end_as_glibc(end);
    go_to(at_ + 1);
    if (at_ == candidates_.size()) finish(end_of_walk_as_glibc(end));
}

/// Past the other search domains; the name as it is has its turn if it comes last.
void SearchWalk::go_to_end_as_glibc(WalkEnd end) {
    if (as_it_is_ && *as_it_is_ > at_) return go_to(*as_it_is_);
    finish(end_of_walk_as_glibc(end));
}

/// What it makes of replies without any record: the first that is no fault and not "no data" counts.
WalkEnd SearchWalk::end_as_glibc() const {
    std::optional<ResponseCode> code;
    for (const auto& reply : replies_)
        if (!glibc_passes_over(reply->code) && (!code || *code == ResponseCode::kNoError)) code = reply->code;
    if (!code) return WalkEnd::kTryAgain;
    if (*code == ResponseCode::kNxDomain) return WalkEnd::kNoSuchName;
    return *code == ResponseCode::kNoError ? WalkEnd::kNoData : WalkEnd::kFailed;
}

WalkEnd SearchWalk::end_of_walk_as_glibc(WalkEnd last) const {
    if (end_of_first_) return *end_of_first_;
    if (saw_no_data_) return WalkEnd::kNoData;
    return saw_servfail_ ? WalkEnd::kTryAgain : last;
}

void SearchWalk::judge_as_musl() {
    for (const auto& reply : replies_) {
        if (!is_answer(reply->code)) return finish(WalkEnd::kTryAgain);
        if (reply->code == ResponseCode::kNxDomain) {
            go_to(at_ + 1);
            if (at_ == candidates_.size()) finish(WalkEnd::kNoSuchName);
            return;
        }
    }
    const bool has_type = std::ranges::any_of(replies_, [](const auto& reply) { return reply->has_type; });
    finish(has_type ? WalkEnd::kFound : WalkEnd::kNoData);
}

/// The error that it ends with is the last one at the name as it is, or the first where it has none there.
void SearchWalk::judge_as_go() {
    for (const auto& reply : replies_) {
        if (has_records(*reply) && reply->has_type) return finish(WalkEnd::kFound);
        if (last_end_ && at_ != as_it_is_) continue;
        if (is_answer(reply->code))
            last_end_ = WalkEnd::kNoSuchName;
        else
            last_end_ = reply->code == ResponseCode::kServFail ? WalkEnd::kTryAgain : WalkEnd::kFailed;
    }
    go_to(at_ + 1);
    if (at_ == candidates_.size()) finish(*last_end_);
}

}  // namespace fairlead::dns
