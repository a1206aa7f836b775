"""Shares with the interval that they can be told in."""

import math


def wilson(hits, of, z=1.96):
    """The 95 % interval of a share (E. B. Wilson, 1927). Nothing was counted: 0 to 1."""
    if of == 0:
        return 0.0, 1.0
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    whole = 1 + z * z / of
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def told(hits, of):
    """ "0.981 (0.970-0.988)"; "-" where nothing was counted."""
    if of == 0:
        return "-"
    low, high = wilson(hits, of)
    return f"{hits / of:.3f} ({low:.3f}-{high:.3f})"
