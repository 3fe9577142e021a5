#include "conntrack/kernel_log.h"

#include <algorithm>
#include <charconv>

namespace fairlead::conntrack {

namespace {

using std::chrono::microseconds;

/// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool take_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

void skip_spaces(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

// Of more than that a log says nothing sensible.
constexpr std::uint64_t kLargestSeconds = std::uint64_t{1} << 40U;
constexpr std::uint64_t kMostRepetitions = 1'000'000'000;

/// "1107,93210045,-;", after the priority.
std::optional<microseconds> take_record_head(std::string_view& text) {
    auto rest = text;
    const auto priority = take_number(rest);
    if (!priority || !take_word(rest, ",")) return std::nullopt;
    const auto sequence = take_number(rest);
    if (!sequence || !take_word(rest, ",")) return std::nullopt;
    const auto time = take_number(rest);
    const auto end = rest.find(';');
    if (!time || *time / 1'000'000 > kLargestSeconds || end == std::string_view::npos) return std::nullopt;
    text = rest.substr(end + 1);
    return microseconds(static_cast<microseconds::rep>(*time));
}

/// "[   93.210045] "
std::optional<microseconds> take_brackets(std::string_view& text) {
    auto rest = text;
    if (!take_word(rest, "[")) return std::nullopt;
    skip_spaces(rest);
    const auto seconds = take_number(rest);
    if (!seconds || *seconds > kLargestSeconds || !take_word(rest, ".")) return std::nullopt;
    const auto digits = rest.find(']');
    constexpr std::size_t kMicrosecondDigits = 6;
    if (digits != kMicrosecondDigits) return std::nullopt;
    const auto fraction = take_number(rest);
    if (!fraction || !take_word(rest, "]")) return std::nullopt;
    skip_spaces(rest);
    text = rest;
    return std::chrono::seconds(static_cast<std::int64_t>(*seconds)) +
           microseconds(static_cast<microseconds::rep>(*fraction));
}

/// "message repeated 3 times: [ text]": 3, and the text is left.
std::uint64_t take_repetitions(std::string_view& text) {
    auto rest = text;
    if (!take_word(rest, "message repeated ")) return 1;
    const auto times = take_number(rest);
    if (!times || !take_word(rest, " times: [")) return 1;
    skip_spaces(rest);
    if (rest.ends_with(']')) rest.remove_suffix(1);
    text = rest;
    return *times;
}

/// The name of the module, which some kernels write twice and Linux 2.6 wrote otherwise.
bool take_module(std::string_view& text) {
    const auto before = text.size();
    while (take_word(text, "nf_conntrack: ") || take_word(text, "ip_conntrack: ") ||
           take_word(text, "nf_ct_expect: ")) {
    }
    return text.size() < before;
}

/// "table full, dropping packet", or with " in netns 4026531840" before the comma.
bool read_table_full(std::string_view text, KernelLogLine& line) {
    if (!take_word(text, "table full")) return false;
    if (take_word(text, " in netns ")) {
        const auto number = take_number(text);
        if (!number || *number > UINT32_MAX) return false;
        line.network_namespace = static_cast<std::uint32_t>(*number);
    }
    return text.starts_with(", dropping packet");
}

/// "net_ratelimit: 10 callbacks suppressed"
bool read_suppressed(std::string_view text, KernelLogLine& line) {
    if (!take_word(text, "net_ratelimit: ")) return false;
    const auto times = take_number(text);
    if (!times || !text.starts_with(" callbacks suppressed")) return false;
    line.kind = KernelLogKind::kSuppressed;
    line.times *= std::min(*times, kMostRepetitions);
    return true;
}

bool read_text(std::string_view text, KernelLogLine& line) {
    if (read_suppressed(text, line)) return true;
    if (!take_module(text)) return false;
    if (read_table_full(text, line)) return true;
    line.kind = text.starts_with("falling back to vmalloc") ? KernelLogKind::kVmalloc
                                                            : KernelLogKind::kExpectationsFull;
    return line.kind == KernelLogKind::kVmalloc || text.starts_with("expectation table full");
}

}  // namespace

std::optional<KernelLogLine> parse_kernel_log_line(std::string_view text) {
    KernelLogLine line;
    line.at = take_record_head(text);
    constexpr std::string_view kSyslogTag = "kernel: ";
    if (!line.at)
        if (const auto tag = text.find(kSyslogTag); tag != std::string_view::npos)
            text.remove_prefix(tag + kSyslogTag.size());
    line.times = std::min(take_repetitions(text), kMostRepetitions);
    if (!line.at) line.at = take_brackets(text);
    if (!read_text(text, line)) return std::nullopt;
    return line;
}

void KernelLogCounter::take(std::string_view text) {
    const auto line = parse_kernel_log_line(text);
    if (line && line->kind == KernelLogKind::kTableFull) take_table_full(*line);
    if (line && line->kind == KernelLogKind::kVmalloc) summary_.vmalloc += line->times;
    if (line && line->kind == KernelLogKind::kExpectationsFull) summary_.expectations_full += line->times;
    // The kernel says how many it left out right before the next one of them.
    pending_suppressed_ = line && line->kind == KernelLogKind::kSuppressed ? line->times : 0;
}

void KernelLogCounter::take_table_full(const KernelLogLine& line) {
    summary_.suppressed += pending_suppressed_;
    const bool elsewhere =
        own_namespace_ && line.network_namespace && line.network_namespace != own_namespace_;
    (elsewhere ? summary_.table_full_elsewhere : summary_.table_full) += line.times;
    if (!elsewhere && line.at) summary_.last_table_full = line.at;
}

}  // namespace fairlead::conntrack
