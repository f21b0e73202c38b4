"""A posterior found again once some of what was said ahead of reports is left out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Final

import numpy as np

from marketsim.knowledge import Knowledge
from marketsim.observables import CATALOGUE, of_kind
from marketsim.precision import one_thread, precise

from .errors import EXPECTED
from .fit import fitted, mode_near
from .observations import Series, observe
from .posterior import Posterior

__all__ = ["AHEAD", "unsaid", "with_said"]

AHEAD: Final = frozenset(one.kind for one in CATALOGUE if one.horizon == "ahead")
"""Kinds of observables that tell of quarters to come: what owners plan, what companies guide to."""


def unsaid(posterior: Posterior) -> Posterior:
    """Return the assumptions as reports alone leave them, nothing heard of what was said ahead.

    The mode is found anew from where it was. Reports are as noisy as they were found to be beside
    what was said.
    """
    return _refitted(posterior, posterior.knowledge, lambda one: one.kind not in AHEAD)


def with_said(posterior: Posterior, knowledge: Knowledge) -> Posterior:
    """Return the assumptions as what ``knowledge`` has of statements leaves them.

    Of everything else that it may say otherwise nothing is heard: reports stay those of the
    posterior, and so does its own knowledge.
    """
    return _refitted(posterior, knowledge, lambda one: True)


def _refitted(
    posterior: Posterior, knowledge: Knowledge, wanted: Callable[[Series], bool]
) -> Posterior:
    ahead = [one for one in observe(knowledge, posterior.window) if one.kind in AHEAD]
    past = [one for one in observe(posterior.knowledge, posterior.window) if one.kind not in AHEAD]
    series = [one for one in (*past, *ahead) if wanted(one)]
    with precise("float64"), one_thread():
        noise = _noise(posterior, series)
        mode, at = mode_near(
            posterior.mode, series, noise, posterior.coordinates, posterior.setting
        )
        found = fitted(posterior.entries, series, noise, mode, at)
    return replace(posterior, **{f.name: getattr(found, f.name) for f in fields(found)})


def _noise(posterior: Posterior, series: list[Series]) -> np.ndarray:
    """Return the noise of each series as it was found; that of a new one is as first expected."""
    known = dict(zip(posterior.fit["series"], posterior.fit["noise_log"], strict=True))
    return np.array([known.get(s.name, EXPECTED * of_kind(s.kind).floor) for s in series])
