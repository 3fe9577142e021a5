#include "cli/service_details.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/json_fields.h"
#include "cli/service_table.h"

namespace fairlead::cli {

namespace {

using simdjson::dom::element;

constexpr int kLabelWidth = 25;

std::string line(std::string_view label, std::string_view text) {
    return fmt::format("{:<{}}{}\n", std::string(label) + ":", kLabelWidth, text.empty() ? "<none>" : text);
}

std::string joined(const std::vector<std::string>& parts) {
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string place(std::string_view address, std::uint64_t port) {
    return address.contains(':') ? fmt::format("[{}]:{}", address, port)
                                 : fmt::format("{}:{}", address, port);
}

/// Texts in columns below a heading.
std::string table(std::vector<std::vector<std::string>> rows) {
    constexpr std::size_t kGap = 3;
    std::vector<std::size_t> widths(rows.front().size());
    for (const auto& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    std::string text;
    for (const auto& row : rows) {
        text += "  ";
        for (std::size_t i = 0; i + 1 < row.size(); ++i)
            text += fmt::format("{:<{}}", row[i], widths[i] + kGap);
        text += row.back() + "\n";
    }
    return text;
}

std::string more(std::uint64_t all, std::size_t shown) {
    return all > shown ? fmt::format("    and {} more\n", all - shown) : "";
}

std::string or_none(const std::string& text) {
    return text.empty() ? "<none>" : text;
}

class Description {
  public:
    Description(element service, bool colour) : service_(service), colour_(colour) {}

    ServiceDetails describe() {
        head();
        json::each(service_, "ports", [&](element port) { describe_port(port); });
        elements();
        troubles();
        return std::move(details_);
    }

  private:
    [[nodiscard]] std::string field(std::string_view name) const { return json::text(service_, name); }

    void head() {
        const auto annotations = json::texts(service_, "annotations");
        const auto timeout = json::number(service_, "affinityTimeoutSeconds");
        details_.text += line("Name", field("name")) + line("Namespace", field("namespace"));
        details_.text += line("Annotations", annotations.empty() ? "" : annotations.front());
        for (std::size_t i = 1; i < annotations.size(); ++i)
            details_.text += fmt::format("{:<{}}{}\n", "", kLabelWidth, annotations[i]);
        details_.text +=
            line("Type", field("type")) + line("ClusterIPs", joined(json::texts(service_, "clusterIPs")));
        const auto not_served = field("notServed");
        if (!not_served.empty()) details_.text += line("Not served", not_served);
        details_.text += line("Internal Traffic Policy", field("internalTrafficPolicy"));
        details_.text += line("External Traffic Policy", field("externalTrafficPolicy"));
        details_.text += line("Traffic Distribution", field("trafficDistribution"));
        details_.text +=
            line("Session Affinity", timeout == 0 ? "None" : fmt::format("ClientIP, {} s", timeout));
        details_.text += line(
            "Seen from", fmt::format("node {}, zone {}", or_none(field("node")), or_none(field("zone"))));
    }

    void describe_port(element port) {
        const auto name = json::text(port, "name");
        protocol_ = json::text(port, "protocol");
        const auto node_port = json::number(port, "nodePort");
        const auto label = name.empty() ? "<unset>" : name;
        details_.text += line("Port", fmt::format("{} {}/{}", label, json::number(port, "port"), protocol_));
        if (node_port != 0)
            details_.text += line("NodePort", fmt::format("{} {}/{}", label, node_port, protocol_));
        describe_endpoints(port);
        last_reasons_.clear();
        json::each(port, "frontends", [&](element frontend) { describe_frontend(frontend); });
    }

    void describe_endpoints(element port) {
        std::vector<std::vector<std::string>> rows = {{"ENDPOINT", "NODE", "ZONE", "CONDITION"}};
        json::each(port, "endpoints", [&](element endpoint) {
            rows.push_back({json::text(endpoint, "endpoint"), or_none(json::text(endpoint, "node")),
                            or_none(json::text(endpoint, "zone")), json::text(endpoint, "condition")});
        });
        const auto shown = rows.size() - 1;
        details_.text += rows.size() == 1 ? "  no endpoints in its EndpointSlices\n" : table(std::move(rows));
        details_.text += more(json::number(port, "endpointCount"), shown);
    }

    void describe_frontend(element frontend) {
        const auto address = json::text(frontend, "address");
        const auto state = json::text(frontend, "state");
        details_.text += fmt::format("  {} {}: {}{}\n", json::text(frontend, "kind"),
                                     place(address, json::number(frontend, "port")), coloured(state, colour_),
                                     what_it_means(state));
        const auto owner = json::text(frontend, "owner");
        if (owner != field("namespace") + "/" + field("name"))
            details_.text += marked("it belongs to Service " + or_none(owner));
        auto reasons = reasons_text(frontend, "reasons");
        element outside;
        if (frontend["outsideReasons"].get(outside) == simdjson::SUCCESS)
            reasons += "    from outside the cluster (externalTrafficPolicy Local):\n" +
                       reasons_text(frontend, "outsideReasons");
        details_.text += reasons == last_reasons_ ? "    endpoints as above\n" : reasons;
        last_reasons_ = std::move(reasons);
        if (!json::flag(frontend, "written"))
            details_.text += marked("its last change is not in the kernel yet");
        json::each(frontend, "elements", [&](element it) { take_element(it); });
        add_destination(address, frontend);
    }

    static std::string what_it_means(const std::string& state) {
        if (state == "rejected") return ", new connections are refused: no endpoint can be used";
        if (state == "dropped")
            return ", new connections are dropped: policy Local, no endpoint on this node";
        return state == "pending" ? ", not in the kernel yet" : "";
    }

    static std::string reasons_text(element frontend, std::string_view name) {
        std::string text;
        std::size_t shown = 0;
        json::each(frontend, name, [&](element reason) {
            ++shown;
            text += fmt::format("    {} {} {}\n", json::flag(reason, "used") ? "+" : "-",
                                json::text(reason, "endpoint"), json::text(reason, "why"));
        });
        return text.empty() ? "    no endpoints\n"
                            : text + more(json::number(frontend, "endpointCount"), shown);
    }

    void take_element(element it) {
        const auto text = fmt::format("@{:<24} {}", json::text(it, "set"), json::text(it, "element"));
        const auto drift = json::text(it, "drift");
        auto shown = drift.empty() ? "  " + text + "\n" : marked(text + "   " + drift);
        // Frontends share balancers.
        if (!elements_.contains(shown)) elements_ += shown;
    }

    void add_destination(const std::string& address, element frontend) {
        const auto parsed = base::IpAddress::parse(address);
        const auto protocol = base::parse_l4_protocol(protocol_);
        if (!parsed || !protocol) return;
        details_.destinations.push_back(
            {*parsed, *protocol, static_cast<std::uint16_t>(json::number(frontend, "port"))});
    }

    void elements() {
        details_.text += elements_.empty() ? "Kernel elements:  <none>\n" : "Kernel elements:\n" + elements_;
        const auto left_out = json::number(service_, "elementsLeftOut");
        if (left_out > 0) details_.text += fmt::format("  and {} more that were not looked up\n", left_out);
    }

    void troubles() {
        json::each(service_, "conflicts", [&](element conflict) {
            details_.text +=
                marked(fmt::format("conflict: {}/{} is claimed by {}, which has it, and {}",
                                   json::text(conflict, "frontend"), json::text(conflict, "protocol"),
                                   json::text(conflict, "owner"), json::text(conflict, "loser")));
        });
        json::each(service_, "refusedAddresses", [&](element refused) {
            details_.text += marked("refused: " + json::text(refused, "address") +
                                    " may not be used (loopback, link-local or multicast)");
        });
    }

    [[nodiscard]] std::string marked(const std::string& text) const {
        return colour_ ? "  \033[31m! " + text + "\033[0m\n" : "  ! " + text + "\n";
    }

    element service_;
    bool colour_;
    std::string protocol_;
    std::string last_reasons_;
    std::string elements_;
    ServiceDetails details_;
};

}  // namespace

base::Result<ServiceDetails> service_details(std::string_view page, bool colour) {
    simdjson::dom::parser parser;
    element service;
    if (parser.parse(page.data(), page.size()).get(service) ||
        json::text(service, "kind") != "ServiceDetails")
        return base::fail(base::ErrorCode::kInvalid, "the agent answered with something that is no Service");
    return Description{service, colour}.describe();
}

}  // namespace fairlead::cli
