#include "admin/metrics.h"

#include <gtest/gtest.h>

namespace fairlead::admin {
namespace {

TEST(Metrics, AreWrittenInThePrometheusTextFormat) {
    Metrics metrics;
    metrics.counter("b_total", "Counts\nthings.", {{"kind", "a\"b\\c"}}).add(2);
    metrics.gauge("a", "A gauge.").set(1.5);
    auto& histogram = metrics.histogram("c_seconds", "Takes time.", {0.1, 1}, {{"family", "x"}});
    for (const double value : {0.05, 0.1, 0.5, 7.0})
        histogram.observe(value);
    EXPECT_EQ(metrics.expose(),
              "# HELP a A gauge.\n# TYPE a gauge\na 1.5\n"
              "# HELP b_total Counts\\nthings.\n# TYPE b_total counter\nb_total{kind=\"a\\\"b\\\\c\"} 2\n"
              "# HELP c_seconds Takes time.\n# TYPE c_seconds histogram\n"
              "c_seconds_bucket{family=\"x\",le=\"0.1\"} 2\n"
              "c_seconds_bucket{family=\"x\",le=\"1\"} 3\n"
              "c_seconds_bucket{family=\"x\",le=\"+Inf\"} 4\n"
              "c_seconds_sum{family=\"x\"} 7.65\nc_seconds_count{family=\"x\"} 4\n");
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameSeries) {
    Metrics metrics;
    metrics.counter("a_total", "A.", {{"x", "1"}}).add();
    metrics.counter("a_total", "A.", {{"x", "1"}}).add();
    EXPECT_EQ(metrics.counter("a_total", "A.", {{"x", "1"}}).value(), 2);
    EXPECT_EQ(metrics.counter("a_total", "A.", {{"x", "2"}}).value(), 0);
}

TEST(ExponentialBounds, GrowByTheFactor) {
    EXPECT_EQ(exponential_bounds(0.5, 2, 3), (std::vector<double>{0.5, 1, 2}));
}

}  // namespace
}  // namespace fairlead::admin
