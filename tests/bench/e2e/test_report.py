"""Unit tests of report.py."""

import unittest

import report


class GoalsTest(unittest.TestCase):
    def test_a_goal_is_met_up_to_its_limit_and_missed_above(self):
        goals = report.Goals()
        self.assertEqual(goals.verdict("a", 1.0, 1.0), "<= 1.00 met")
        self.assertEqual(goals.verdict("b", 1.01, 1.0), "<= 1.00 MISSED")
        self.assertEqual(goals.summary(), "goals: 1 met, 1 missed\n  missed: b: 1.01 <= 1.00")

    def test_what_was_not_measured_or_has_no_limit_is_neither(self):
        goals = report.Goals()
        self.assertEqual(goals.verdict("a", None, 1.0), "")
        self.assertEqual(goals.verdict("a", 1.0, None), "")
        self.assertEqual(goals.summary(), "goals: 0 met, 0 missed")


class TableTest(unittest.TestCase):
    def test_shows_ratio_and_goal_in_columns(self):
        goals = report.Goals()
        table = report.Table("shape", "fairlead", "kube-proxy", goals)
        table.row("start", "s", 2.0, 8.0, at_most=1.0)
        table.row("  memory", "MiB", 50, None, 0)
        self.assertEqual(table.text(), "\n".join([
            "  shape          fairlead  kube-proxy  ratio  goal",
            "  " + "-" * 58,
            "  start     s        2.00        8.00    4.0  <= 1.00 MISSED",
            "    memory  MiB        50           -      -"]))
        self.assertEqual(goals.missed, ["shape, start: 2.00 <= 1.00"])


if __name__ == "__main__":
    unittest.main()
