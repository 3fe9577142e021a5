"""Tables and figures of a benchmark."""

import json
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


class Table:
    """Two columns of figures and how many times the second is larger than the first."""

    def __init__(self, title, first, second):
        self._rows = [(title, "", first, second, "ratio")]

    def row(self, label, unit, first, second, digits=2):
        def text(value):
            return "-" if value is None else f"{value:,.{digits}f}"

        ratio = f"{second / first:,.1f}" if first and second is not None else "-"
        self._rows.append((label, unit, text(first), text(second), ratio))

    def print(self):
        widths = [max(len(row[i]) for row in self._rows) for i in range(5)]
        for number, row in enumerate(self._rows):
            print("  " + "  ".join(cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))))
            if number == 0:
                print("  " + "-" * (sum(widths) + 8))


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
