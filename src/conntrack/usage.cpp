#include "conntrack/usage.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <string_view>
#include <variant>

namespace fairlead::conntrack {

namespace {

using kernel::conntrack::Flow;
using kernel::conntrack::TcpState;

constexpr std::size_t kNoTcpState = 10;

bool is_tcp(const Flow& flow) {
    return flow.protocol == static_cast<std::uint8_t>(base::L4Protocol::kTcp);
}

std::size_t tcp_state_index(const Flow& flow) {
    return flow.tcp_state ? static_cast<std::size_t>(*flow.tcp_state) : kNoTcpState;
}

std::string tcp_state_name(std::size_t index) {
    return index == kNoTcpState ? "tcp OFFLOAD" : "tcp " + std::string(name_of(static_cast<TcpState>(index)));
}

std::string reply_state_name(std::uint8_t protocol, bool replied) {
    return kernel::conntrack::name_of_protocol(protocol) + (replied ? " REPLIED" : " UNREPLIED");
}

bool is_replied(const Flow& flow) {
    return (flow.status & kernel::conntrack::status::kSeenReply) != 0;
}

/// A part before its text is made: there may be many, and few are shown.
struct Part {
    FlowCount count;
    std::uint32_t missed = 0;
    std::variant<std::string_view, const base::IpAddress*, const ServicePlace*> name;
};

std::string text_of(const Part& part) {
    if (const auto* name = std::get_if<std::string_view>(&part.name)) return std::string(*name);
    if (const auto* address = std::get_if<const base::IpAddress*>(&part.name)) return (*address)->to_string();
    const auto& [protocol, address, port] = *std::get<const ServicePlace*>(part.name);
    return kernel::conntrack::name_of_protocol(static_cast<std::uint8_t>(protocol)) + " " +
           base::format_endpoint(address, port);
}

/// Names before addresses where there are equally many flows.
bool is_larger(const Part& a, const Part& b) {
    if (a.count.flows != b.count.flows) return a.count.flows > b.count.flows;
    if (a.name.index() != b.name.index()) return a.name.index() < b.name.index();
    if (const auto* name = std::get_if<std::string_view>(&a.name))
        return *name < std::get<std::string_view>(b.name);
    if (const auto* address = std::get_if<const base::IpAddress*>(&a.name))
        return **address < *std::get<const base::IpAddress*>(b.name);
    return *std::get<const ServicePlace*>(a.name) < *std::get<const ServicePlace*>(b.name);
}

Breakdown breakdown(std::vector<Part> parts, std::size_t most, std::uint32_t all_flows) {
    const auto shown = parts.begin() + static_cast<std::ptrdiff_t>(std::min(most, parts.size()));
    std::ranges::partial_sort(parts, shown, is_larger);
    Breakdown result{{}, all_flows};
    for (auto part = parts.begin(); part != shown; ++part) {
        result.largest.push_back({text_of(*part), part->count, part->missed});
        result.other_flows -= part->count.flows;
    }
    return result;
}

template <class Key>
void add_all(const LossyCounter<Key>& counter, std::vector<Part>& parts) {
    for (const auto& [key, counted] : counter.entries())
        parts.push_back({counted.count, counted.missed, &key});
}

/// A Pod may have several addresses.
std::vector<Part> by_pod(const LossyCounter<base::IpAddress>& counter, const FlowNames& names) {
    absl::flat_hash_map<std::string_view, Part> pods;
    std::vector<Part> parts;
    for (const auto& [address, counted] : counter.entries()) {
        const auto pod = names.pod_at(address);
        if (pod.empty()) {
            parts.push_back({counted.count, counted.missed, &address});
            continue;
        }
        auto& part = pods[pod];
        part.name = pod;
        part.count += counted.count;
        part.missed += counted.missed;
    }
    for (const auto& [pod, part] : pods)
        parts.push_back(part);
    return parts;
}

std::vector<Part> by_address(const LossyCounter<base::IpAddress>& counter) {
    std::vector<Part> parts;
    add_all(counter, parts);
    return parts;
}

}  // namespace

UsageCounter::UsageCounter(const FlowNames& names, std::size_t addresses_kept)
    : names_(names),
      services_(names.service_count()),
      unknown_services_(addresses_kept),
      answering_(addresses_kept),
      peers_(addresses_kept) {}

void UsageCounter::take(const Flow& flow) {
    const auto* frontend = names_.frontend_of(flow);
    const auto count = count_of(flow, frontend != nullptr && leads_nowhere(flow, names_, *frontend));
    total_ += count;
    if (frontend != nullptr)
        services_[frontend->service] += count;
    else if ((flow.status & kernel::conntrack::status::kDestinationNat) != 0)
        unknown_services_.add(service_place_of(flow), count);
    answering_.add(flow.reply.source, count);
    peers_.add(flow.original.source, count);
    count_state(flow, count);
}

void UsageCounter::count_state(const Flow& flow, const FlowCount& count) {
    if (is_tcp(flow))
        tcp_states_.at(tcp_state_index(flow)) += count;
    else
        protocols_.at(flow.protocol).at(is_replied(flow) ? 1 : 0) += count;
}

Breakdown UsageCounter::services(std::size_t most) const {
    std::vector<Part> parts;
    for (std::uint32_t service = 0; service < services_.size(); ++service)
        if (services_[service].flows > 0)
            parts.push_back({services_[service], 0, std::string_view{names_.service_name(service)}});
    add_all(unknown_services_, parts);
    return breakdown(std::move(parts), most, total_.flows);
}

Breakdown UsageCounter::states(std::size_t most) const {
    std::deque<std::string> names;  // the parts refer to them
    std::vector<Part> parts;
    const auto add = [&](std::string name, const FlowCount& count) {
        if (count.flows > 0)
            parts.push_back({count, 0, std::string_view{names.emplace_back(std::move(name))}});
    };
    for (std::size_t state = 0; state < tcp_states_.size(); ++state)
        add(tcp_state_name(state), tcp_states_.at(state));
    for (std::size_t protocol = 0; protocol < protocols_.size(); ++protocol)
        for (const bool replied : {false, true})
            add(reply_state_name(static_cast<std::uint8_t>(protocol), replied),
                protocols_.at(protocol).at(replied ? 1 : 0));
    return breakdown(std::move(parts), most, total_.flows);
}

Usage UsageCounter::usage(std::size_t most) const {
    return {total_, services(most), breakdown(by_pod(answering_, names_), most, total_.flows),
            breakdown(by_address(peers_), most, total_.flows), states(most)};
}

std::string state_of(const Flow& flow) {
    return is_tcp(flow) ? tcp_state_name(tcp_state_index(flow))
                        : reply_state_name(flow.protocol, is_replied(flow));
}

double sampling_error(std::uint64_t read, std::uint64_t all) {
    if (read == 0 || read >= all) return 0;
    constexpr double kDeviations = 1.96;  // 19 times of 20
    constexpr double kDeviationOfOne = 0.5;
    const auto unread = static_cast<double>(all - read) / static_cast<double>(all - 1);
    return kDeviations * kDeviationOfOne * std::sqrt(unread / static_cast<double>(read));
}

std::string most_sentence(const Usage& usage) {
    const auto percent = [](std::uint32_t part, std::uint32_t all) {
        constexpr double kPercent = 100;
        return std::to_string(std::lround(kPercent * part / all)) + " %";
    };
    std::string text;
    const auto add = [&](const Breakdown& breakdown, std::string_view what, bool with_unreplied = true) {
        if (breakdown.largest.empty()) return;
        const auto& [name, count, missed] = breakdown.largest.front();
        text += (text.empty() ? "most: " : ", ") + std::string(what) + name + " " +
                percent(count.flows, usage.total.flows);
        if (with_unreplied && count.unreplied > 0)
            text += " (" + percent(count.unreplied, count.flows) + " unreplied)";
    };
    add(usage.services, "Service ");
    add(usage.pods, "answered by ");
    add(usage.peers, "peer ");
    add(usage.states, "state ", false);
    return text;
}

}  // namespace fairlead::conntrack
