"""What stress tests say, in words and as records."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from .beside import MACRO, change_of

if TYPE_CHECKING:
    from .reverse_stress import ReverseStress
    from .stressed import StressedWorld
    from .tilted import TiltedDraws
    from .what_if import Stress, WhatIf

__all__ = ["rows_of", "story_of", "stress_story", "stress_told", "told", "with_unit"]

NAMED: Final = 6
"""Assumptions, and companies, that a story names."""

SMALL: Final = 0.005
"""Part of the squared distance below which it is not named."""


def story_of(result: ReverseStress) -> str:
    """Return the story of all worlds, for a reader."""
    noise = "" if result.noise else ", without market noise,"
    alone = f"In {result.by_regime.index[0]}, losing" if len(result.by_regime) == 1 else "Losing"
    there = " there" if len(result.by_regime) == 1 else ""
    near = f"{_percent(result.probability)} (standard error {_percent(result.error)})"
    drawn = _percent(result.drawn)
    whole = f"{alone} {_percent(result.loss)} or more over the horizon{noise} has a probability of"
    if result.counted:
        lines = [
            f"{whole} {drawn} (standard error {_percent(result.drawn_error)}): {result.losing:,} "
            f"draws{there} lose as much. Sampled about the nearest worlds, which is meant for "
            f"losses that few draws have and misses other ways to lose, it is {near}."
        ]
    else:
        lines = [f"{whole} about {near}; of the draws{there} {drawn} lose as much."]
    for place, world in enumerate(result.worlds, start=1):
        drawn_there = float(result.by_regime["drawn"].to_dict()[world.regime])
        lines += ["", *_world(place, world, drawn_there)]
    return "\n".join([*lines, *_tilted(result)])


def _tilted(result: ReverseStress) -> Iterator[str]:
    """Yield the other reading: what a distribution that loses as much on average looks like."""
    found = result.tilted
    yield ""
    if found is None:
        yield "No draw loses as much, so that no weights of draws lose it on average."
        return
    odds = zip(found.regimes.index, *found.regimes.to_numpy().T, strict=True)
    told = ", ".join(f"{name} {100 * b:.0f} % ({100 * a:.0f})" for name, a, b in odds)
    few = found.assumptions["deviations"].head(NAMED)
    moved = ", ".join(f"{name} {x:+.2f} sd" for name, x in few.items())
    yield (
        f"Read the other way, draws weighted as little as need be until the portfolio loses "
        f"{_percent(result.loss)} on average: {found.relative_entropy:.2f} nats, as uncertain as "
        f"{found.effective:,.0f} draws."
    )
    yield f"  Regimes, as given in brackets: {told}."
    yield f"  Means of assumptions: {moved}."


def _world(place: int, world: StressedWorld, drawn_there: float) -> Iterator[str]:
    rank = "The most plausible world" if place == 1 else f"World {place}"
    beside = "" if place == 1 else f", {world.plausibility:.2g} times as plausible as the first"
    yield (
        f"{rank}: {world.regime} ({_percent(world.probability)} likely), {world.distance:.2f} "
        f"standard deviations out{beside}."
    )
    verb = "lose" if world.before_noise > 0.0 else "gain"
    without = f"; without market noise it would {verb} {_percent(abs(world.before_noise))}"
    yield f"  The portfolio loses {_percent(world.loss)}{without if world.noisy else ''}."
    total = float(world.parts.sum())
    if total > 0.0:
        shares = (world.parts / total).sort_values(ascending=False, kind="stable")
        large = [f"{name} {_percent(x)}" for name, x in shares.items() if abs(x) >= SMALL]
        yield f"  Of the squared distance: {', '.join(large)}."
        if shares.get("market noise", 0.0) > 0.5:
            yield "  Most of it is market noise; with noise=False the world alone has to lose it."
        yield "  Assumptions furthest out, by what they add to it:"
        yield from map("    {}".format, _assumptions(world))
    else:
        yield (
            "  Nothing in it is out of the ordinary: the middle of the regime, all at its median, "
            f"loses as much, and so do {_percent(drawn_there)} of its draws."
        )
    yield f"  Beside the calibrated world, in the first year and the last: {_macro(world.macro)}."
    yield "  Who loses it:"
    yield from map("    {}".format, _companies(world))


def _assumptions(world: StressedWorld) -> Iterator[str]:
    few = world.assumptions.head(NAMED)
    wide = max(len(str(name)) for name in few.index)
    for name, row in few.iterrows():
        here = with_unit(f"{row['here']:.4g}", name, str(row["unit"]))
        yield (
            f"{name!s:{wide}}  {row['deviations']:+.2f} sd  {row['in_regime']:.4g} -> {here}  "
            f"({_percent(row['share'])})"
        )


def _macro(macro: pd.DataFrame) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {100 * change_of(macro, name):+.0f} % and "
        f"{100 * change_of(macro, name, -1):+.0f} %"
        for name in MACRO
    )


def _companies(world: StressedWorld) -> Iterator[str]:
    for name, row in world.companies.head(NAMED).iterrows():
        if row["contribution"] < 0.0:
            before = f" ({100 * row['before_noise']:+.0f} % before noise)" if world.noisy else ""
            yield (
                f"{name!s:6} {100 * row['contribution']:+6.1f} %  weight {row['weight']:.3f}, "
                f"returns {100 * row['return']:+.0f} %{before}, {_revenue(world.revenue, name)}"
            )


def _revenue(table: pd.DataFrame, name: object) -> str:
    """Say what becomes of a company's revenue: what it loses in value may be years ahead."""
    first, last = (100 * change_of(table, str(name), year) for year in (0, -1))
    return f"revenue {first:+.0f} % in the first year and {last:+.0f} % in the last"


def _percent(share: float) -> str:
    """One decimal, and of less than a tenth of a per cent two digits that count."""
    small = 0.0 < abs(share) < 1e-3
    return f"{100 * share:.2g} %" if small else f"{100 * share:.1f} %"


def stress_story(result: Stress) -> str:
    """Return what what-ifs do, for a reader."""
    of = "calibrated world" if result.regime is None else f"middle of {result.regime}"
    draws = "all draws" if result.regime is None else f"draws of {result.regime}"
    mean, median = (_percent(x) for x in (result.mean, result.median))
    last = (
        f"Over {draws}, market noise and all, it returns {mean} on average and {median} in the "
        f"median: the {of} is a point amid them, by which what-ifs are measured."
    )
    return "\n\n".join(["\n".join(_what_if(one, of)) for one in result.worlds] + [last])


def _what_if(one: WhatIf, of: str) -> Iterator[str]:
    head = f"{one.name} ({', '.join(one.shifts)})"
    beware = [f"  Beware: {said}." for said in one.warnings]
    if one.moves_nothing:
        same = _percent(one.returned)
        yield f"{head} moves nothing: the portfolio returns {same}, as in the {of}."
        yield from beware
        return
    yield (
        f"{head}: the portfolio returns {_percent(one.returned)}, in the {of} "
        f"{_percent(one.without)}: {100 * one.change:+.2f} %."
    )
    yield from beware
    yield f"  Beside the {of}, in the first year and the last: {_macro(one.macro)}."
    order = one.companies["contribution"].abs().sort_values(ascending=False, kind="stable").index
    for name, row in one.companies.loc[order[:NAMED]].iterrows():
        yield (
            f"    {name!s:6} {100 * row['contribution']:+6.2f} %  weight {row['weight']:.3f}, "
            f"returns {100 * row['return']:+.1f} % instead of {100 * row['without']:+.1f} %, "
            f"{_revenue(one.revenue, name)}"
        )


def stress_told(result: Stress) -> dict[str, Any]:
    """Return what-ifs as plain values."""
    return {
        "regime": result.regime,
        "mean": result.mean,
        "median": result.median,
        "worlds": [
            {
                "name": one.name,
                "shifts": list(one.shifts),
                "returned": one.returned,
                "without": one.without,
                "moves_nothing": one.moves_nothing,
                "warnings": list(one.warnings),
                **{name: rows_of(getattr(one, name)) for name in ("companies", "macro", "revenue")},
            }
            for one in result.worlds
        ],
    }


def told(result: ReverseStress) -> dict[str, Any]:
    """Return a reverse stress test as plain values."""
    return {
        "loss": result.loss,
        "noise": result.noise,
        "probability": result.probability,
        "error": result.error,
        "first_order": result.first_order,
        "drawn": result.drawn,
        "drawn_error": None if np.isnan(result.drawn_error) else result.drawn_error,
        "losing": result.losing,
        "by_regime": rows_of(result.by_regime),
        "worlds": [_told(world) for world in result.worlds],
        "tilted": None if result.tilted is None else _tilt_told(result.tilted),
    }


def _tilt_told(found: TiltedDraws) -> dict[str, Any]:
    return {
        "relative_entropy": found.relative_entropy,
        "effective": found.effective,
        "regimes": rows_of(found.regimes),
        "assumptions": rows_of(found.assumptions),
    }


def _told(world: StressedWorld) -> dict[str, Any]:
    numbers = ("regime", "probability", "distance", "plausibility", "loss", "before_noise")
    tables = ("assumptions", "macro", "revenue", "companies")
    return {
        **{name: getattr(world, name) for name in numbers},
        "parts": world.parts.to_dict(),
        **{name: rows_of(getattr(world, name)) for name in tables},
    }


def with_unit(value: str, name: object, unit: str) -> str:
    """Return a value with its unit, unless the name has said that: of an elasticity it has."""
    said = not unit or unit in re.split(r"[_\[\]]", str(name))
    return value if said else f"{value} {unit}"


def rows_of(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table as rows of plain values: dates as texts, what is missing as None."""
    flat = table.reset_index()
    for name in flat.select_dtypes("datetime").columns:
        flat[name] = flat[name].dt.strftime("%Y-%m-%d")
    plain = flat.astype(object).where(flat.notna(), None)
    return [dict(zip(plain.columns, row, strict=True)) for row in plain.to_numpy().tolist()]
