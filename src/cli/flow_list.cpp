#include "cli/flow_list.h"

#include <utility>

#include "output/yaml.h"

namespace fairlead::cli {

namespace {

constexpr std::size_t kRowsAtATime = 500;  // columns are as wide as these need, as with kubectl
constexpr std::size_t kTextAtATime = 65'536;

constexpr std::string_view kJsonHead =
    R"({"apiVersion":"fairlead.status/v1alpha1","kind":"FlowList","items":[)";
constexpr std::string_view kYamlHead = "apiVersion: \"fairlead.status/v1alpha1\"\nkind: \"FlowList\"\nitems:";

}  // namespace

FlowFormat format_of_flows(std::string_view text) {
    if (text == "json") return FlowFormat::kJson;
    if (text == "yaml") return FlowFormat::kYaml;
    return text == "wide" ? FlowFormat::kWide : FlowFormat::kTable;
}

void FlowList::add(const kernel::conntrack::Flow& flow) {
    const bool wide = format_ == FlowFormat::kWide;
    if (is_table()) {
        if (flows_ == 0) rows_.push_back(flow_heading(wide));
        rows_.push_back(flow_row(flow, names_, wide));
        if (rows_.size() >= kRowsAtATime) print_rows();
    } else {
        text_ += item(flow);
        if (text_.size() >= kTextAtATime) print_(std::exchange(text_, {}));
    }
    ++flows_;
}

void FlowList::print_rows() {
    print_(columns_.lines(std::exchange(rows_, {})));
}

std::string FlowList::item(const kernel::conntrack::Flow& flow) const {
    const auto json = flow_json(flow, names_);
    if (format_ == FlowFormat::kJson) return std::string(flows_ == 0 ? kJsonHead : ",") + json;
    // The text is JSON of our own.
    return std::string(flows_ == 0 ? std::string(kYamlHead) + "\n" : "") +
           output::json_to_yaml("[" + json + "]").value_or("");
}

std::size_t FlowList::finish() {
    if (is_table()) {
        if (!rows_.empty()) print_rows();
        return flows_;
    }
    if (flows_ == 0) text_ = std::string(format_ == FlowFormat::kJson ? kJsonHead : kYamlHead);
    if (format_ == FlowFormat::kJson) text_ += "]}\n";
    if (format_ == FlowFormat::kYaml && flows_ == 0) text_ += " []\n";
    print_(std::exchange(text_, {}));
    return flows_;
}

}  // namespace fairlead::cli
