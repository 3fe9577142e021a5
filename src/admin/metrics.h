#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::admin {

/// Label names and values of one series, e.g. {{"ip_family", "IPv4"}}.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// Counts up, or is set (a gauge). One thread.
class Number {
  public:
    void add(double amount = 1) { value_ += amount; }
    void set(double value) { value_ = value; }
    [[nodiscard]] double value() const { return value_; }

  private:
    double value_ = 0;
};

/// Counts observations in buckets.
class Histogram {
  public:
    /// `bounds`: upper bounds of the buckets, ascending; one without bound is added.
    explicit Histogram(std::vector<double> bounds)
        : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}
    void observe(double value);
    /// In place of all that was observed: as counts() and sum() have it.
    void set(std::span<const std::uint64_t> counts, double sum) {
        counts_.assign(counts.begin(), counts.end());
        sum_ = sum;
    }

    [[nodiscard]] std::span<const double> bounds() const { return bounds_; }
    /// Observations in each bucket alone; one more than bounds.
    [[nodiscard]] std::span<const std::uint64_t> counts() const { return counts_; }
    [[nodiscard]] double sum() const { return sum_; }

  private:
    std::vector<double> bounds_;
    std::vector<std::uint64_t> counts_;
    double sum_ = 0;
};

/// `count` bounds from `first` on, each `factor` times the one before.
std::vector<double> exponential_bounds(double first, double factor, int count);

/// The metrics of the program, written in the Prometheus text format (exposition format 0.0.4).
/// References stay valid as long as the registry, or until forget(). The same name must come with the same
/// kind.
class Metrics {
  public:
    Number& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    Number& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds,
                         const MetricLabels& labels = {});

    /// Removes one number, and its name if that was its last one.
    void forget(std::string_view name, const MetricLabels& labels);

    /// All metrics in order of name, then labels.
    [[nodiscard]] std::string expose() const;
    [[nodiscard]] std::vector<std::string> names() const;

  private:
    struct Family {
        std::string help;
        std::string_view type;
        std::map<std::string, std::unique_ptr<Number>> numbers;  // by their labels as text
        std::map<std::string, std::unique_ptr<Histogram>> histograms;
    };
    Family& family(std::string_view name, std::string_view help, std::string_view type);
    Number& number(std::string_view name, std::string_view help, std::string_view type,
                   const MetricLabels& labels);

    std::map<std::string, Family, std::less<>> families_;
};

}  // namespace fairlead::admin
