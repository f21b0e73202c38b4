"""How a forecast is found: trends, the model, wholes and parts, and what was said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from marketsim.calibration import Posterior
from marketsim.calibration.unsaid import unsaid
from marketsim.precision import one_thread
from marketsim.statements import still_open

from .agreement import parts_of
from .ahead import Ahead, ahead
from .balance import balanced
from .combined import Combined, combine, uncombined
from .form import Form
from .hearing import Heard, Key, beats, hear, key_of
from .joint import Joint, coupled
from .lines import Lines, lived
from .panel import Panel, panel
from .relations import correlation, layers_of
from .structure import Growth, growth
from .trend import fit_form, follow

__all__ = ["LONGEST", "Solution", "solution", "without_said"]

LONGEST: Final = 12
"""Quarters forecast at most, and always thought of: years that are guided end later than what is
asked for."""


@dataclass(frozen=True, eq=False)
class Solution:
    """A forecast without the shift of any regime, and what it was made of.

    Attributes
    ----------
    panel, form
        What was known of each series, and what their trends share.
    own, model
        What trends say alone, and the growth of the model's worlds.
    apart, alone
        Both together, series by series, and once wholes and parts agree.
    lines
        What the series do in each world.
    unheard
        Means before series hear any statement, wholes and parts agreed, and sellers and buyers
        beyond the first year, [series, horizon].
    joint, heard
        The forecast, and what each statement moved.
    modelless
        Trends that have heard the statements.
    """

    panel: Panel
    form: Form
    own: Ahead
    model: Growth
    apart: Combined
    alone: Combined
    lines: Lines
    unheard: np.ndarray
    joint: Joint
    heard: tuple[Heard, ...]
    modelless: Joint


def solution(posterior: Posterior, seed: int, silent: Collection[Key] = ()) -> Solution:
    """Return the forecast of a posterior.

    Parameters
    ----------
    posterior
        From :func:`marketsim.calibrate`.
    seed
        Of the worlds drawn.
    silent
        Statements that no series hears.
    """
    known = panel(posterior.knowledge, posterior.as_of)
    with one_thread():
        form = fit_form(known)
        trend = follow(known, form)
    model = growth(posterior, known.series, LONGEST, seed)
    with one_thread():
        own = ahead(trend, LONGEST)
        apart, parts = combine(own, model), parts_of(known, form, LONGEST)
        alone = apart.agreed(parts)
        loading = parts.loading(alone.mean, alone.variance)
        related = correlation(known, trend, loading, layers_of(posterior.knowledge))
        lines = lived(alone.mean, alone.covariance, alone.gain, model, related)
        learnt = beats(posterior.knowledge, known, trend)
        listed = still_open(posterior.knowledge, known.series)
        said = [one for one in listed if key_of(one) not in silent]
        joint, heard = hear(lines.joint, said, known, own, learnt)
        joint, heard, unheard = balanced(posterior, known, model, joint, heard, alone.mean)
        trends = uncombined(own).agreed(parts)
        coupled_trends = coupled(trends.mean, trends.covariance, related)
        modelless, _ = hear(coupled_trends, said, known, own, learnt)
    return Solution(
        panel=known,
        form=form,
        own=own,
        model=model,
        apart=apart,
        alone=alone,
        lines=lines,
        unheard=unheard,
        joint=joint,
        heard=tuple(heard),
        modelless=modelless,
    )


def without_said(posterior: Posterior, known: Panel, form: Form, seed: int) -> np.ndarray:
    """Return what trends and the model say where the model has heard nothing that was said ahead.

    Means of logs, [series, horizon], each series by itself.
    """
    model = growth(unsaid(posterior), known.series, LONGEST, seed)
    with one_thread():
        return combine(ahead(follow(known, form), LONGEST), model).mean
