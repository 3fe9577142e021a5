#include "admin/process_metrics.h"

#include "net/process_usage.h"

namespace fairlead::admin {

void update_process_metrics(Metrics& metrics) {
    const auto usage = net::process_usage();
    const auto set = [&](std::string_view name, std::string_view help, auto value) {
        metrics.gauge(name, help).set(static_cast<double>(value));
    };
    metrics.counter("process_cpu_seconds_total", "Processor time used, user and system.")
        .set(usage.cpu_seconds);
    set("process_resident_memory_bytes", "Resident memory.", usage.resident_bytes);
    set("process_resident_memory_peak_bytes", "Largest resident memory so far.", usage.peak_resident_bytes);
    set("process_open_fds", "Open file descriptors.", usage.open_descriptors);
    set("process_start_time_seconds", "When the process started, in Unix time.", usage.start_time_seconds);
}

}  // namespace fairlead::admin
