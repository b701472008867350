"""Where the labels of a figure stand, so that they do not overlap: beside it, in groups."""

from collections.abc import Sequence

NEAR = 0.03  # points at most so far from a group's first one are labelled together


def grouped(points: Sequence[tuple[float, float]]) -> list[list[int]]:
    """Return the numbers of points in groups that stand close together, the highest group last."""
    groups: list[list[int]] = []
    for i, (x, y) in enumerate(points):
        for group in groups:
            first_x, first_y = points[group[0]]
            if max(abs(x - first_x), abs(y - first_y)) <= NEAR:
                group.append(i)
                break
        else:
            groups.append([i])
    return sorted(groups, key=lambda group: points[group[0]][1])


def placed(points: Sequence[tuple[float, float]], least: float) -> list[tuple[float, bool]]:
    """Return for each point the height of its label, and whether the line to it starts there.

    Labels of a group stand below one another, and one line leads to them all, to the middle one.
    """
    groups = grouped(points)
    order = [i for group in groups for i in reversed(group)]
    # A group is centred on its points.
    wanted = {}
    for group in groups:
        middle = points[group[0]][1]
        for place, i in enumerate(reversed(group)):
            wanted[i] = middle + (place - (len(group) - 1) / 2) * least
    heights = spread([wanted[i] for i in order], least)
    leaders = {group[len(group) // 2] for group in groups}
    found = dict(zip(order, heights, strict=True))
    return [(found[i], i in leaders) for i in range(len(points))]


def spread(heights: Sequence[float], least: float) -> list[float]:
    """Return heights as near to these as may be, in this order from below, at least `least` apart and
    within 0 and 1. Where they are too many for that they share the room evenly.
    """
    least = min(least, 1 / max(1, len(heights) - 1))
    found: list[float] = []
    for height in heights:
        found.append(max(height, found[-1] + least if found else 0.0))
    # Those that were pushed over the top come down, and push those below.
    top = 1.0
    for n in reversed(range(len(found))):
        found[n] = min(found[n], top)
        top = found[n] - least
    return found
