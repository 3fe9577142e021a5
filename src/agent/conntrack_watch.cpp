#include "agent/conntrack_watch.h"

#include <utility>

#include "agent/conntrack_page.h"
#include "base/log.h"
#include "kernel/conntrack/netlink_conntrack_table.h"

namespace fairlead::agent {

using conntrack::Alarm;
using conntrack::FillLevel;

ConntrackWatch::ConntrackWatch(net::EventLoop& loop, admin::Metrics& metrics,
                               conntrack::FillPercents percents, Listener listener, Open open, Pace pace)
    : loop_(loop),
      watch_(percents),
      metrics_(metrics),
      listener_(std::move(listener)),
      open_(std::move(open)),
      pace_(pace) {
    look();
}

base::Result<ConntrackWatch::Table> ConntrackWatch::open_kernel_table() {
    FAIRLEAD_TRY(auto table, kernel::conntrack::NetlinkConntrackTable::open());
    return std::make_unique<kernel::conntrack::NetlinkConntrackTable>(std::move(table));
}

void ConntrackWatch::look() {
    const auto start = loop_.now();
    const auto done = read();
    if (!done) return on_failure(done.error());
    if (!std::exchange(error_, {}).empty()) base::log_info("connection tracking is watched again");
    metrics_.show(watch_, loop_.now() - start);
    next_ = loop_.after(pace_.period, [this] { look(); });
}

base::Result<void> ConntrackWatch::read() {
    if (!table_) {
        FAIRLEAD_TRY(table_, open_());
    }
    FAIRLEAD_TRY(const auto used, table_->count());
    FAIRLEAD_TRY(const auto max, table_->max());
    FAIRLEAD_TRY(const auto cpus, table_->stats());
    take({used, max, cpus});
    return {};
}

void ConntrackWatch::take(const conntrack::TableReading& reading) {
    const auto news = watch_.take(loop_.now(), reading);
    read_once_ = true;
    tell_fill(news.fill);
    tell_dropping(news.dropping);
    if (news.new_peak) listener_.new_peak(watch_.peak());
}

void ConntrackWatch::tell_fill(Alarm::Word word) {
    if (word == Alarm::Word::kNothing) return;
    const auto text = watch_.fill_text();
    if (word == Alarm::Word::kClear) {
        base::log_info("the table of tracked connections has room again", {{"table", text}});
        return listener_.recovered("ConntrackTableHasRoom",
                                   "the table of tracked connections has room again: " + text);
    }
    const bool critical = watch_.level() == FillLevel::kCritical;
    base::log_warning("the table of tracked connections fills",
                      {{"level", conntrack::name_of(watch_.level())}, {"table", text}});
    listener_.warn(critical ? "ConntrackTableNearlyFull" : "ConntrackTableFilling",
                   "the table of tracked connections is " + text);
}

void ConntrackWatch::tell_dropping(Alarm::Word word) {
    if (word == Alarm::Word::kNothing) return;
    if (word == Alarm::Word::kClear) {
        base::log_info("connection tracking has lost nothing for five minutes");
        return listener_.recovered(
            "ConntrackDropsNothing",
            "connection tracking has lost nothing for five minutes; the table is " + watch_.fill_text());
    }
    const auto text = watch_.dropping_text();
    base::log_warning("connection tracking loses packets or evicts entries",
                      {{"counters", text}, {"table", watch_.fill_text()}});
    listener_.warn("ConntrackDropping", "connection tracking loses packets or evicts entries: " + text +
                                            "; the table is " + watch_.fill_text());
}

void ConntrackWatch::on_failure(const base::Error& error) {
    if (std::exchange(error_, error.message).empty())
        base::log_warning("connection tracking is not watched; trying on", {{"error", error.message}});
    metrics_.count_failure();
    const bool worked = std::exchange(table_, nullptr) != nullptr;
    next_ = loop_.after(worked ? pace_.period : pace_.retry_period, [this] { look(); });
}

std::vector<std::string> ConntrackWatch::problems() const {
    std::vector<std::string> problems;
    if (!error_.empty()) return {"connection tracking is not watched: " + error_};
    if (watch_.level() > FillLevel::kNormal)
        problems.push_back("the table of tracked connections is " + watch_.fill_text());
    if (watch_.dropping())
        problems.push_back("connection tracking loses packets or evicts entries: " + watch_.dropping_text());
    return problems;
}

std::string ConntrackWatch::page() const {
    return conntrack_json(watch_, error_, read_once_);
}

}  // namespace fairlead::agent
