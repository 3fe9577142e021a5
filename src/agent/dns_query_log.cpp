#include "agent/dns_query_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <utility>

#include "agent/json_list.h"
#include "agent/page_query.h"
#include "base/json.h"
#include "base/log.h"

namespace fairlead::agent {

namespace {

using base::ErrorCode;
using base::Result;

constexpr std::string_view kLogParameters[] = {"reader", "pod", "code", "name", "sample"};
/// So often are the workers' rings emptied.
constexpr auto kEmptyRings = std::chrono::milliseconds(100);
constexpr std::size_t kLog = 0;

std::optional<std::uint64_t> parse_positive(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool good = error == std::errc{} && end == text.data() + text.size() && number > 0;
    return good ? std::optional{number} : std::nullopt;
}

Result<dns::QueryFilter> filter_of(const std::map<std::string, std::string, std::less<>>& parameters) {
    dns::QueryFilter filter;
    for (const auto& [name, value] : parameters) {
        if (name == "pod") {
            FAIRLEAD_TRY(auto pod, dns::parse_pod_or_namespace(value));
            filter.pods.push_back(std::move(pod));
        } else if (name == "code") {
            FAIRLEAD_TRY(const auto code, dns::parse_response_code(value));
            filter.codes.push_back(code);
        } else if (name == "name") {
            FAIRLEAD_TRY(const auto below, dns::Name::parse(value));
            filter.names.push_back(below);
        } else if (name == "sample") {
            const auto one_in = parse_positive(value);
            if (!one_in || *one_in > UINT32_MAX)
                return base::fail(ErrorCode::kInvalid, "sample '" + value + "' is no number from 1");
            filter.one_in = static_cast<std::uint32_t>(*one_in);
        }
    }
    return filter;
}

std::string pod_text(const dns::LoggedQuery& query) {
    return query.context == nullptr ? "" : query.context->pod.to_string();
}

double fractional_seconds(base::Duration took) {
    return std::chrono::duration<double>(took).count();
}

std::string time_text(base::WallTime at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       std::chrono::floor<std::chrono::milliseconds>(at - seconds).count());
}

std::string query_json(const dns::LoggedQuery& query, base::WallTime at) {
    return fmt::format(R"({{"time":"{}","pod":{},"source":"{}","transport":"{}","name":{},"type":"{}",)"
                       R"("code":"{}","answers":{},"answeredBy":"{}","seconds":{:.6f}}})",
                       time_text(at), base::json_quote(pod_text(query)), query.source.to_string(),
                       name_of(query.transport), base::json_quote(query.name.to_string()),
                       dns::name_of(query.type), dns::name_of(query.code), query.answers,
                       name_of(query.reply_source), fractional_seconds(query.took));
}

void write_to_log(const dns::LoggedQuery& query) {
    base::log_info("dns query", {{"pod", pod_text(query)},
                                 {"source", query.source.to_string()},
                                 {"transport", name_of(query.transport)},
                                 {"name", query.name.to_string()},
                                 {"type", dns::name_of(query.type)},
                                 {"code", dns::name_of(query.code)},
                                 {"answers", query.answers},
                                 {"answered_by", name_of(query.reply_source)},
                                 {"seconds", fractional_seconds(query.took)}});
}

}  // namespace

DnsQueryLog::DnsQueryLog(net::EventLoop& loop, admin::Metrics& metrics)
    : loop_(loop),
      written_(metrics.counter("fairlead_dns_logged_queries_total",
                               "Queries that were written to the log, or kept for a reader.")),
      dropped_(metrics.counter("fairlead_dns_log_dropped_queries_total",
                               "Queries that were to be logged and were dropped: too many at a time.")),
      filters_(kPlaces) {}

std::shared_ptr<dns::QueryTap> DnsQueryLog::new_tap() {
    drain();
    taps_.push_back(std::make_shared<dns::QueryTap>(std::random_device{}()));
    taps_.back()->want(filters_, ++version_);
    return taps_.back();
}

void DnsQueryLog::configure(const dns::QueryFilter& filter) {
    const auto wanted = filter.one_in > 0 ? std::optional{filter} : std::nullopt;
    if (filters_[kLog] == wanted) return;
    drain();
    filters_[kLog] = wanted;
    want();
    log_since_version_ = version_;
}

void DnsQueryLog::want() {
    ++version_;
    for (const auto& tap : taps_)
        tap->want(filters_, version_);
    const bool any = std::ranges::any_of(filters_, [](const auto& filter) { return filter.has_value(); });
    timer_.reset();
    if (any) timer_ = loop_.after(kEmptyRings, [this] { tick(); });
}

void DnsQueryLog::tick() {
    timer_ = loop_.after(kEmptyRings, [this] { tick(); });
    drain();
    let_go_of_readers();
}

void DnsQueryLog::drain() {
    std::uint64_t dropped = dropped_by_gone_;
    for (const auto& tap : taps_) {
        const bool gone = tap.use_count() == 1;
        tap->take(caught_);
        dropped += tap->dropped();
        if (gone) dropped_by_gone_ += tap->dropped();
    }
    std::erase_if(taps_, [](const auto& tap) { return tap.use_count() == 1; });
    for (const auto& query : caught_)
        deliver(query);
    caught_.clear();
    const auto more = dropped - std::exchange(dropped_by_workers_, dropped);
    if (more == 0) return;
    dropped_.add(static_cast<double>(more));
    for (auto& reader : readers_)
        if (reader) reader->dropped += more;
}

void DnsQueryLog::deliver(const dns::LoggedQuery& query) {
    const auto wanted = [&](std::size_t place, std::uint64_t since) {
        return (query.wanted_by >> place & 1U) != 0 && query.version >= since;
    };
    if (filters_[kLog] && wanted(kLog, log_since_version_)) {
        write_to_log(query);
        written_.add();
    }
    for (std::size_t place = kLog + 1; place < kPlaces; ++place) {
        auto& reader = readers_.at(place);
        if (!reader || !wanted(place, reader->since_version)) continue;
        reader->queries.push_back(query_json(query, loop_.wall_now() - (loop_.now() - query.at)));
        written_.add();
        if (reader->queries.size() <= kKept) continue;
        reader->queries.pop_front();
        ++reader->dropped;
        dropped_.add();
    }
}

void DnsQueryLog::let_go_of_readers() {
    bool gone = false;
    for (std::size_t place = 0; place < kPlaces; ++place) {
        auto& reader = readers_.at(place);
        if (!reader || loop_.now() - reader->last_look < kReaderStays) continue;
        reader.reset();
        filters_[place].reset();
        gone = true;
    }
    if (gone) want();
}

Result<std::size_t> DnsQueryLog::new_reader(dns::QueryFilter filter) {
    for (std::size_t place = kLog + 1; place < kPlaces; ++place) {
        if (readers_.at(place)) continue;
        drain();
        filters_[place] = std::move(filter);
        want();
        readers_.at(place) =
            Reader{.number = ++last_number_, .since_version = version_, .last_look = {}, .queries = {}};
        return place;
    }
    return base::fail(ErrorCode::kBusy,
                      fmt::format("{} others read queries already; try again later", kMostReaders));
}

std::optional<std::size_t> DnsQueryLog::place_of(std::string_view number) const {
    const auto wanted = parse_positive(number);
    for (std::size_t place = 0; place < kPlaces; ++place)
        if (wanted && readers_.at(place) && readers_.at(place)->number == *wanted) return place;
    return std::nullopt;
}

Result<std::string> DnsQueryLog::page(std::string_view query) {
    FAIRLEAD_TRY(const auto parameters, parse_page_query(query, kLogParameters));
    const auto number = parameters.find("reader");
    std::optional<std::size_t> place;
    if (number == parameters.end()) {
        FAIRLEAD_TRY(auto filter, filter_of(parameters));
        FAIRLEAD_TRY(place, new_reader(std::move(filter)));
    } else {
        place = place_of(number->second);
    }
    if (!place) return base::fail(ErrorCode::kNotFound, "there is no reader " + number->second + " any more");
    drain();
    auto& reader = *readers_.at(*place);
    reader.last_look = loop_.now();
    const auto dropped = std::exchange(reader.dropped, 0);
    const auto queries = std::exchange(reader.queries, {});
    return fmt::format(R"({{"reader":{},"dropped":{},"queries":{}}})", reader.number, dropped,
                       json_list(queries, [](const std::string& one) { return one; })) +
           "\n";
}

}  // namespace fairlead::agent
