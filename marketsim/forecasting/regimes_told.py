"""Which distribution is shown, in a line: the mixture over regimes, or worlds without any."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["told_of_regimes"]


def told_of_regimes(regimes: Sequence[str], moved: np.ndarray | None) -> str:
    """Return the line.

    Parameters
    ----------
    regimes
        Their names.
    moved
        By how much they move the logs of medians, [series, horizon]; None where there are none.
    """
    if moved is None:
        return "Shown are worlds without the shift of any regime, as past forecasts are scored."
    horizon, share = moved.shape[1], 100.0 * np.expm1(np.sort(moved[:, -1]))
    by = f"{float(np.median(share)):+.1f} %"
    if len(share) > 1:
        by += f" in the middle ({share[0]:+.1f} to {share[-1]:+.1f} %)"
    return (
        f"Shown is the mixture of {len(regimes)} regimes by their probabilities, which moves "
        f"medians {horizon} ahead by {by}; past forecasts are scored with and without."
    )
