#include "lab/cases.h"

#include <array>
#include <string>
#include <vector>

#include "lab/case_conntrack.h"
#include "lab/case_dns.h"
#include "lab/case_services.h"
#include "lab/terminal.h"

namespace fairlead::lab {

namespace {

struct Case {
    std::string_view name;
    std::string_view summary;
    base::Result<void> (*run)();
};

constexpr std::array<Case, 3> kCases = {{
    {"conntrack", "connections through a Service that end without a reason (INVALID, full table)",
     run_conntrack_case},
    {"dns", "lookups that take ten queries (ndots), and the end of the DNS server of a node", run_dns_case},
    {"services", "connections and updates slow down as Services grow in number (iptables)",
     run_services_case},
}};

}  // namespace

std::string cases_text() {
    std::vector<std::vector<std::string>> rows = {{"CASE", "WHAT IT SHOWS"}};
    for (const auto& one : kCases)
        rows.push_back({std::string(one.name), std::string(one.summary)});
    return render_table(rows);
}

std::vector<std::string> case_names() {
    std::vector<std::string> names;
    names.reserve(kCases.size());
    for (const auto& one : kCases)
        names.emplace_back(one.name);
    return names;
}

base::Result<void> run_case(std::string_view name) {
    for (const auto& one : kCases)
        if (one.name == name) return one.run();
    return base::fail(base::ErrorCode::kNotFound,
                      "no case '" + std::string(name) + "'; 'fairlead lab run' lists them");
}

}  // namespace fairlead::lab
