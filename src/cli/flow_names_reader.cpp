#include "cli/flow_names_reader.h"

#include "base/socket_address.h"
#include "cli/json_fields.h"

namespace fairlead::cli {

namespace {

using base::Result;
using conntrack::FlowNames;
using simdjson::dom::array;
using simdjson::dom::element;

/// A Service of 100,000 endpoints has 10 MB.
constexpr std::size_t kLongestLine = std::size_t{64} << 20U;

/// Text of a field that stays where it is; empty if there is none.
std::string_view view(element object, std::string_view key) {
    std::string_view text;
    return object[key].get(text) == simdjson::SUCCESS ? text : std::string_view{};
}

Result<conntrack::Place> parse_place(std::string_view text) {
    FAIRLEAD_TRY(const auto address, base::SocketAddress::parse(text));
    return conntrack::Place{address.address, address.port};
}

Result<FlowNames::Port> parse_port(std::string_view namespace_name, std::string_view name, element item) {
    FlowNames::Port port{std::string(namespace_name).append("/").append(name), {}, {}};
    FAIRLEAD_TRY(const auto protocol, base::parse_l4_protocol(view(item, "protocol")));
    Result<void> all_well;
    const auto place_of = [&](std::string_view text) {
        auto place = parse_place(text);
        if (!place) all_well = std::unexpected(place.error());
        return place.value_or(conntrack::Place{});
    };
    for (const auto& frontend : json::texts(item, "frontends")) {
        const auto [address, number] = place_of(frontend);
        port.frontends.emplace_back(protocol, address, number);
    }
    json::each(item, "endpoints", [&](element endpoint) {
        const auto pod = view(endpoint, "pod");
        port.answers.push_back({place_of(view(endpoint, "endpoint")),
                                pod.empty() ? "" : std::string(namespace_name).append("/").append(pod)});
    });
    FAIRLEAD_CHECK(all_well);
    return port;
}

base::Error no_list() {
    return {base::ErrorCode::kInvalid, 0, "the agent answered with something that is no list of names"};
}

}  // namespace

/// One for all lines: it keeps its buffers.
class FlowNamesReader::Parser {
  public:
    Result<void> add(std::string_view line, FlowNames& names) {
        element service;
        array ports;
        if (parser_.parse(line.data(), line.size()).get(service) || service["ports"].get(ports))
            return std::unexpected(no_list());
        for (const element item : ports) {
            auto port = parse_port(view(service, "namespace"), view(service, "name"), item);
            if (!port) return base::fail_within("the agent's page /flow-names", std::move(port).error());
            names.add(*port);
        }
        return {};
    }

  private:
    simdjson::dom::parser parser_;
};

FlowNamesReader::FlowNamesReader() : parser_(std::make_unique<Parser>()) {}
FlowNamesReader::~FlowNamesReader() = default;

void FlowNamesReader::take(std::string_view bytes) {
    while (outcome_) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos) {
            begun_.append(bytes);
            if (begun_.size() > kLongestLine) outcome_ = std::unexpected(no_list());
            return;
        }
        if (begun_.empty()) {
            take_line(bytes.substr(0, end));
        } else {
            begun_.append(bytes.substr(0, end));
            take_line(begun_);
            begun_.clear();
        }
        bytes.remove_prefix(end + 1);
    }
}

void FlowNamesReader::take_line(std::string_view line) {
    if (place_ == Place::kBefore && line == R"({"services":[)") {
        place_ = Place::kServices;
    } else if (place_ == Place::kServices && line == "]}") {
        place_ = Place::kAfter;
    } else if (place_ == Place::kServices) {
        if (line.ends_with(',')) line.remove_suffix(1);
        outcome_ = parser_->add(line, names_);
    } else {
        outcome_ = std::unexpected(no_list());
    }
}

Result<FlowNames> FlowNamesReader::finish() {
    FAIRLEAD_CHECK(outcome_);
    if (place_ != Place::kAfter || !begun_.empty()) return std::unexpected(no_list());
    return std::move(names_);
}

}  // namespace fairlead::cli
