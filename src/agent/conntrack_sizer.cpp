#include "agent/conntrack_sizer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "kernel/conntrack/netlink_conntrack_table.h"
#include "net/running_programs.h"

namespace fairlead::agent {

namespace {

using conntrack::PlannedAction;
using conntrack::PlannedValue;

constexpr base::Duration kPauseBetweenLooks = std::chrono::seconds(10);

/// The files are there only while connection tracking is; any question to it has the kernel load its module.
/// Where that does not help, the files say so.
void wake_connection_tracking() {
    auto table = kernel::conntrack::NetlinkConntrackTable::open();
    if (table) static_cast<void>(table->count());
}

/// Who is known to write the same values; empty if nobody of them runs. Looks at every process: for rare
/// occasions.
std::string suspect() {
    const auto running = net::running_programs("kube-proxy");
    if (!running || running->empty()) return {};
    return fmt::format("; kube-proxy runs here, pid {}", running->front().pid);
}

}  // namespace

ConntrackSizer::ConntrackSizer(net::EventLoop& loop, admin::Metrics& metrics, ConntrackFiles files)
    : loop_(loop),
      files_(std::move(files)),
      buckets_(metrics.gauge("fairlead_conntrack_buckets",
                             "Buckets of the hash table of connection tracking; 0: not known.")) {
    for (const auto& planned : conntrack::plan_sizes(sizing_settings({}), {})) {
        auto& value = values_[planned.name];
        const admin::MetricLabels labels = {{"value", planned.name}};
        value.rewritten_total =
            &metrics.counter("fairlead_conntrack_values_rewritten_total",
                             "Values of connection tracking that something else rewrote.", labels);
        value.differs = &metrics.gauge("fairlead_conntrack_value_differs",
                                       "1 while a value of connection tracking is not as wanted.", labels);
    }
}

void ConntrackSizer::configure(const ConntrackSettings& settings) {
    settings_ = sizing_settings(settings);
    for (auto& [name, value] : values_)
        value = {value.rewritten_total, value.differs, {}, 0, {}, false, {}};
    if (!files_.are_there()) wake_connection_tracking();
    applied_ = files_.are_there();
    if (applied_)
        apply();
    else
        base::log_info("no connection tracking in this network namespace yet; its sizes wait for it",
                       {{"missing", files_.path_of(conntrack::kMax)}});
    check_later();
}

void ConntrackSizer::saw_peak(std::uint64_t flows) {
    if (flows <= peak_) return;
    peak_ = flows;
    const auto& max = values_.at(std::string(conntrack::kMax)).planned;
    if (!max || !max->now || !conntrack::crowded(peak_, *max->now)) return;
    find_rewritten();
    apply();
}

void ConntrackSizer::check() {
    applied_ = applied_ || files_.are_there();
    if (applied_) {
        find_rewritten();
        apply();
    }
    check_later();
}

void ConntrackSizer::check_later() {
    next_ = loop_.after(kPauseBetweenLooks, [this] { check(); });
}

conntrack::SizingFacts ConntrackSizer::read() const {
    auto facts = files_.read(settings_);
    facts.peak = std::max(facts.peak, peak_);
    for (const auto& [name, value] : values_) {
        if (!value.left_alone.empty()) facts.left_alone.emplace(name, value.left_alone);
        if (value.written > 0) facts.written.emplace(name, value.written);
    }
    return facts;
}

/// Every value is written or left alone after a turn, so this ends.
void ConntrackSizer::apply() {
    while (true) {
        auto plan = conntrack::plan_sizes(settings_, read());
        const auto next = std::ranges::find(plan, PlannedAction::kWrite, &PlannedValue::action);
        if (next == plan.end()) return remember(std::move(plan));
        write(*next);
    }
}

void ConntrackSizer::write(const PlannedValue& planned) {
    auto& value = values_.at(planned.name);
    const auto now = files_.write(planned.name, *planned.wanted);
    if (!now) {
        value.left_alone = now.error().message;
    } else if (!conntrack::satisfies(planned, *now)) {
        value.left_alone = fmt::format("the kernel made {} of {}", *now, *planned.wanted);
    } else {
        value.written = *now;
        base::log_info("connection tracking configured", {{"file", files_.path_of(planned.name)},
                                                          {"before", *planned.now},
                                                          {"now", *now},
                                                          {"why", planned.why}});
    }
}

void ConntrackSizer::remember(std::vector<PlannedValue> plan) {
    for (auto& planned : plan) {
        auto& value = values_.at(planned.name);
        if (planned.name == conntrack::kBuckets) buckets_.set(static_cast<double>(planned.now.value_or(0)));
        const bool blocked = planned.action == PlannedAction::kBlock;
        value.differs->set(blocked ? 1 : 0);
        if (blocked && !value.rewritten && value.said != planned.why) {
            value.said = planned.why;
            base::log(
                planned.configured ? base::LogLevel::kWarning : base::LogLevel::kInfo,
                "connection tracking keeps a value",
                {{"file", files_.path_of(planned.name)}, {"wanted", *planned.wanted}, {"why", planned.why}});
        }
        value.planned = std::move(planned);
    }
}

void ConntrackSizer::find_rewritten() {
    const auto facts = read();
    for (auto& [name, value] : values_) {
        const auto& now = facts.now.find(name)->second;
        // What was not as wanted before is nobody's to rewrite.
        if (value.rewritten || !value.planned || value.planned->action != PlannedAction::kKeep || !now)
            continue;
        if (!conntrack::satisfies(*value.planned, *now)) leave_to_others(value, *now);
    }
}

void ConntrackSizer::leave_to_others(Value& value, std::uint64_t now) {
    const auto& before = *value.planned;
    const auto who = suspect();
    value.rewritten = true;
    value.left_alone = fmt::format("something else set it from {} to {}; it is left alone until SIGHUP{}",
                                   *before.now, now, who);
    value.rewritten_total->add();
    base::log_warning("connection tracking: something else rewrote a value; it is left alone until SIGHUP",
                      {{"file", files_.path_of(before.name)},
                       {"before", *before.now},
                       {"now", now},
                       {"suspect", who.empty() ? "unknown" : who.substr(2)}});
}

std::vector<std::string> ConntrackSizer::problems() const {
    std::vector<std::string> problems;
    for (const auto& [name, value] : values_)
        if (value.planned && value.planned->action == PlannedAction::kBlock && !value.left_alone.empty() &&
            (value.rewritten || value.planned->configured))
            problems.push_back(name + ": " + value.planned->why);
    return problems;
}

}  // namespace fairlead::agent
