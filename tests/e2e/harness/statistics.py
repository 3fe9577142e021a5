"""Chi-square test that choices are uniform."""

import math


def chi_square(counts):
    expected = sum(counts) / len(counts)
    return sum((count - expected) ** 2 / expected for count in counts)


def chi_square_limit(degrees, z=4.75):
    """The value that a uniform choice exceeds once in a million runs (z = 4.75), by Wilson and Hilferty's approximation."""
    return degrees * (1 - 2 / (9 * degrees) + z * math.sqrt(2 / (9 * degrees))) ** 3
