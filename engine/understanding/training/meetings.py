"""Which lines share enough of their features: the loop that `twins.py` has compiled."""

from __future__ import annotations

import numpy as np

from engine.understanding.linear import Rows


def meet(
    starts: Rows,
    features: Rows,
    rare: Rows,
    sizes: Rows,
    of_features: int,
    cosine: float,
    least: float,
    slack: float,
    left: Rows,
    right: Rows,
) -> int:
    """Pairs of lines whose sets have at least this cosine, each pair once, the later line right: how many there are. Only as many are
    written down as there is room for.

    Line `i` has the features `features[starts[i]:starts[i + 1]]`, rising, all below `of_features`, and `sizes[i]` of them with those
    that it has alone. Pairs are looked for by the features before `rare[i]`: one is compared where it shares `least` of those, or all
    that it takes.
    """
    count = len(sizes)
    firsts = np.zeros(of_features + 1, dtype=np.int32)  # where the lines of each rare feature stand
    following = np.empty(of_features, dtype=np.int32)
    for line in range(count):
        for place in range(starts[line], rare[line]):
            firsts[features[place] + 1] += 1
    for feature in range(of_features):
        following[feature] = firsts[feature]
        firsts[feature + 1] += firsts[feature]
    bearers = np.empty(firsts[of_features], dtype=np.int32)
    for line in range(count):
        for place in range(starts[line], rare[line]):
            bearers[following[features[place]]] = line
            following[features[place]] += 1
    for feature in range(of_features):
        following[feature] = firsts[feature]  # from here on: the first bearer behind the line that is looked at
    met, touched, found = np.zeros(count, dtype=np.int32), np.empty(count, dtype=np.int32), 0
    for line in range(count):
        others = 0
        for place in range(starts[line], rare[line]):
            feature = features[place]
            following[feature] += 1
            for at in range(following[feature], firsts[feature + 1]):
                other = bearers[at]
                if met[other] == 0:
                    touched[others] = other
                    others += 1
                met[other] += 1
        for nth in range(others):
            other = touched[nth]
            often = met[other]
            met[other] = 0
            needed = cosine * np.sqrt(np.float64(sizes[line]) * np.float64(sizes[other])) - slack
            if often < min(least, needed):
                continue
            shared, here, there = 0, starts[line], starts[other]
            while here < starts[line + 1] and there < starts[other + 1]:
                mine, its = features[here], features[there]
                shared += mine == its
                here += mine <= its
                there += its <= mine
            if shared >= needed:
                if found < len(left):
                    left[found], right[found] = line, other
                found += 1
    return found
