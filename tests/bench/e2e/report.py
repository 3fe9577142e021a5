"""Tables and figures of a benchmark."""

import json
import math
import os
import platform


def spread(values):
    """p50, p99, smallest and largest."""
    ordered = sorted(values)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
            "min": ordered[0], "max": ordered[-1]}


def machine():
    """Kernel and processor: no figure means anything without them."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"kernel {platform.release()}, {os.cpu_count()} x {model}"


class Goals:
    """What fairlead's figures have to be at most, and which of them were."""

    def __init__(self):
        self.missed = []
        self.met = 0

    def verdict(self, what, value, limit, digits=2):
        """\"<= 1.00 met\", and the same is kept for the summary; nothing without a limit or a value."""
        if limit is None or value is None:
            return ""
        text = f"<= {limit:,.{digits}f}"
        if value <= limit:
            self.met += 1
            return f"{text} met"
        self.missed.append(f"{what.strip()}: {value:,.{digits}f} {text}")
        return f"{text} MISSED"

    def summary(self):
        lines = [f"goals: {self.met} met, {len(self.missed)} missed"]
        return "\n".join(lines + [f"  missed: {each}" for each in self.missed])


class Table:
    """Two columns of figures, how many times the second is larger than the first, and the goal for the first."""

    def __init__(self, title, first, second, goals):
        self._title = title
        self._goals = goals
        self._rows = [(title, "", first, second, "ratio", "goal")]

    def row(self, label, unit, first, second, digits=2, at_most=None):
        def text(value):
            if value == math.inf:
                return "no end"
            return "-" if value is None else f"{value:,.{digits}f}"

        ratio = f"{second / first:,.1f}" if first and second is not None else "-"
        verdict = self._goals.verdict(f"{self._title}, {label.strip()}", first, at_most, digits)
        self._rows.append((label, unit, text(first), text(second), ratio, verdict))

    def text(self):
        widths = [max(len(row[i]) for row in self._rows) for i in range(6)]
        lines = []
        for row in self._rows:
            cells = (cell.ljust(w) if i in (0, 1, 5) else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
            lines.append("  " + "  ".join(cells).rstrip())
        lines.insert(1, "  " + "-" * (sum(widths) + 10))
        return "\n".join(lines)

    def print(self):
        print(self.text())


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
