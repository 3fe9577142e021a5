#include "agent/conntrack_files.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "net/files.h"

namespace fairlead::agent {

namespace {

using base::Result;

constexpr std::string_view kFolder = "/proc/sys/net/netfilter/";

/// The text of a file of one number.
Result<std::uint64_t> parse_value(const std::string& path, std::string_view text) {
    const auto line = text.substr(0, text.find('\n'));
    std::uint64_t value = 0;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (problem != std::errc{} || end != line.data() + line.size())
        return base::fail(base::ErrorCode::kInvalid, path + ": '" + std::string(line) + "' is no number");
    return value;
}

/// MemTotal of /proc/meminfo (proc(5)), there in KiB.
std::optional<std::uint64_t> memory_bytes(std::string_view meminfo) {
    constexpr std::string_view kLabel = "MemTotal:";
    constexpr std::uint64_t kKiB = 1024;
    const auto label = meminfo.find(kLabel);
    if (label == std::string_view::npos) return std::nullopt;
    meminfo.remove_prefix(label + kLabel.size());
    meminfo.remove_prefix(std::min(meminfo.find_first_not_of(' '), meminfo.size()));
    std::uint64_t value = 0;
    if (std::from_chars(meminfo.data(), meminfo.data() + meminfo.size(), value).ec != std::errc{})
        return std::nullopt;
    return value * kKiB;
}

}  // namespace

ConntrackFiles::ConntrackFiles(std::string root) : root_(std::move(root)) {}

std::string ConntrackFiles::path_of(std::string_view name) const {
    return root_ + std::string(kFolder) + std::string(name);
}

Result<std::uint64_t> ConntrackFiles::value_of(std::string_view name) const {
    const auto path = path_of(name);
    FAIRLEAD_TRY(const auto text, net::read_file(path));
    return parse_value(path, text);
}

bool ConntrackFiles::are_there() const {
    return net::owner_may_write(path_of(conntrack::kMax)).has_value();
}

conntrack::SizingFacts ConntrackFiles::read(const conntrack::SizingSettings& settings) const {
    conntrack::SizingFacts facts;
    facts.memory_bytes = memory_bytes(net::read_file(root_ + "/proc/meminfo").value_or(""));
    facts.cpus = net::online_cpus();
    facts.initial_namespace = net::owner_may_write(path_of(conntrack::kBuckets)).value_or(false);
    facts.peak = value_of("nf_conntrack_count").value_or(0);
    for (const auto name : {conntrack::kMax, conntrack::kBuckets})
        facts.now.emplace(name, value_of(name));
    for (const auto& value : settings.values)
        facts.now.emplace(value.name, value_of(value.name));
    return facts;
}

Result<std::uint64_t> ConntrackFiles::write(std::string_view name, std::uint64_t value) const {
    FAIRLEAD_CHECK(net::overwrite_file(path_of(name), std::to_string(value)));
    return value_of(name);
}

Result<void> ConntrackFiles::check_writable(std::string_view name) const {
    return net::check_writable(path_of(name));
}

}  // namespace fairlead::agent
