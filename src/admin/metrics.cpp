#include "admin/metrics.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace fairlead::admin {

namespace {

std::string escaped(std::string_view text, bool quotes) {
    std::string result;
    for (const char c : text) {
        if (c == '\\')
            result += "\\\\";
        else if (c == '\n')
            result += "\\n";
        else if (c == '"' && quotes)
            result += "\\\"";
        else
            result += c;
    }
    return result;
}

/// `ip_family="IPv4",resource="services"`, without braces.
std::string text_of(const MetricLabels& labels) {
    std::string text;
    for (const auto& [name, value] : labels)
        text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value, true));
    return text;
}

std::string in_braces(const std::string& labels) {
    return labels.empty() ? "" : "{" + labels + "}";
}

void expose_histogram(std::string& text, const std::string& name, const std::string& labels,
                      const Histogram& histogram) {
    const std::string comma = labels.empty() ? "" : ",";
    std::uint64_t count = 0;
    for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
        count += histogram.counts()[i];
        const auto bound = i < histogram.bounds().size() ? fmt::format("{}", histogram.bounds()[i]) : "+Inf";
        text += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, bound, count);
    }
    text += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, in_braces(labels), histogram.sum(), name,
                        in_braces(labels), count);
}

}  // namespace

void Histogram::observe(double value) {
    const auto bucket = std::ranges::lower_bound(bounds_, value);
    ++counts_[static_cast<std::size_t>(bucket - bounds_.begin())];
    sum_ += value;
}

std::vector<double> exponential_bounds(double first, double factor, int count) {
    std::vector<double> bounds;
    for (int i = 0; i < count; ++i, first *= factor)
        bounds.push_back(first);
    return bounds;
}

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, std::string_view type) {
    auto& family = families_[std::string(name)];
    FAIRLEAD_ASSERT(family.type.empty() || family.type == type);
    family.type = type;
    family.help = help;
    return family;
}

Number& Metrics::number(std::string_view name, std::string_view help, std::string_view type,
                        const MetricLabels& labels) {
    auto& number = family(name, help, type).numbers[text_of(labels)];
    if (!number) number = std::make_unique<Number>();
    return *number;
}

Number& Metrics::counter(std::string_view name, std::string_view help, const MetricLabels& labels) {
    return number(name, help, "counter", labels);
}

Number& Metrics::gauge(std::string_view name, std::string_view help, const MetricLabels& labels) {
    return number(name, help, "gauge", labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                              const MetricLabels& labels) {
    auto& histogram = family(name, help, "histogram").histograms[text_of(labels)];
    if (!histogram) histogram = std::make_unique<Histogram>(std::move(bounds));
    return *histogram;
}

void Metrics::forget(std::string_view name, const MetricLabels& labels) {
    const auto family = families_.find(name);
    if (family == families_.end()) return;
    family->second.numbers.erase(text_of(labels));
    if (family->second.numbers.empty() && family->second.histograms.empty()) families_.erase(family);
}

std::string Metrics::expose() const {
    std::string text;
    for (const auto& [name, family] : families_) {
        text +=
            fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, escaped(family.help, false), name, family.type);
        for (const auto& [labels, number] : family.numbers)
            text += fmt::format("{}{} {}\n", name, in_braces(labels), number->value());
        for (const auto& [labels, histogram] : family.histograms)
            expose_histogram(text, name, labels, *histogram);
    }
    return text;
}

std::vector<std::string> Metrics::names() const {
    std::vector<std::string> names;
    names.reserve(families_.size());
    for (const auto& [name, family] : families_)
        names.push_back(name);
    return names;
}

}  // namespace fairlead::admin
