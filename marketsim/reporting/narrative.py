"""What was decided and why, in plain sentences built from the numbers of the run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..returns import CASH
from .chances import chances_merits, chances_sentence
from .contents import RunContents
from .decision_section import edge_sentence
from .evidence import caveats, fit_sentence, poor_fits, width_of_worlds
from .firmness import beyond_chance, firm_sentence
from .formats import (
    count,
    few,
    join,
    layer_name,
    number,
    percent,
    readable,
)
from .regime_story import flagship_revenue, regime_returns
from .tables import top_assumptions

__all__ = ["Paragraph", "figures_of_merit", "story"]

CAP = re.compile(r"(max_weights?|layer_caps)\[(.+)\]")


@dataclass(frozen=True)
class Paragraph:
    """A run-in heading and what follows it."""

    head: str
    text: str


def story(contents: RunContents) -> list[Paragraph]:
    """The opening of the report; a paragraph without anything to say is left out."""
    parts = {
        "What was decided": [
            _holdings(contents),
            _by_layer(contents),
            firm_sentence(contents),
            _limits(contents),
        ],
        "Why": [
            _purpose(contents),
            _outcome(contents),
            chances_sentence(contents),
            edge_sentence(contents),
            _parts(contents),
            _resilience(contents),
        ],
        "What each scenario does to it": [
            regime_returns(contents),
            flagship_revenue(contents),
        ],
        "What moves it": [_drivers(contents)],
        "How well the model fits": [fit_sentence(contents), poor_fits(contents)],
        "What is uncertain": [width_of_worlds(contents), *caveats(contents)],
    }
    joined = {head: " ".join(text for text in texts if text) for head, texts in parts.items()}
    return [Paragraph(head, text) for head, text in joined.items() if text]


def _listed(parts: Iterable[tuple[object, float]]) -> str:
    return join(f"{name} ({percent(float(weight))})" for name, weight in parts)


def _holdings(contents: RunContents) -> str:
    held, rest = contents.companies, _cash(contents)
    if held.empty:
        return rest or "The portfolio holds nothing of note."
    top = held.head(5)
    named = join(
        f"{contents.name(str(t))} ({percent(float(w))}, "
        f"{layer_name(contents.layer(str(t))).lower()})"
        for t, w in top.items()
    )
    lead = "The largest are " if len(held) > len(top) else "They are "
    told = (
        f"The portfolio holds {len(held)} of the {len(contents.examined)} companies examined. "
        f"{lead}{named}; together they make {percent(float(top.sum()), 0)} of it."
    )
    return f"{told} {rest}".rstrip()


def _cash(contents: RunContents) -> str:
    return f"{percent(contents.cash)} stays in cash." if contents.cash else ""


def _by_layer(contents: RunContents) -> str:
    layers = contents.layer_weights.drop(CASH, errors="ignore")
    if layers.empty:
        return ""
    empty = sorted(
        {layer_name(x).lower() for x in contents.layers.values() if x != CASH}
        - {layer_name(str(layer)).lower() for layer in layers.index}
    )
    most = _listed(
        (layer_name(str(name)).lower(), weight) for name, weight in layers.head(3).items()
    )
    nothing = f"; it owns nothing of {join(empty, 'or')}" if empty else ""
    return f"By layer it leans on {most}{nothing}."


def _limits(contents: RunContents) -> str:
    """The caps that hold the portfolio back, dearest first; names as `allocate` gives them."""
    duals = contents.allocation.duals.abs().sort_index()
    duals = duals[duals > 1e-6].sort_values(ascending=False, kind="stable")
    found = [CAP.fullmatch(str(name)) for name in duals.index]
    told: dict[bool, list[str]] = {True: [], False: []}
    for cap in found:
        if cap:
            layer = cap[1] == "layer_caps"
            named = f"the layer {layer_name(cap[2]).lower()}" if layer else contents.name(cap[2])
            told[layer or beyond_chance(contents, cap[2])].append(named)
    more, unsure = told[True], told[False]
    chance = f"of {few(unsure)} the draws are too few to say" if unsure else ""
    if not more:
        return f"If the caps allowed more, {chance}." if unsure else ""
    rest = f"; {chance}" if unsure else ""
    return f"It would hold more of {few(more)} if the caps allowed{rest}."


def _horizon(contents: RunContents) -> str:
    years = float(contents.meta.get("horizon_years", 1.0))
    return "one year" if years == 1 else f"{number(years)} years"


def _purpose(contents: RunContents) -> str:
    objective = contents.meta.get("objective")
    if objective is None:
        return f"The weights are the best there are for {contents.allocation.terms}."
    return f"The weights were chosen to {str(objective).rstrip('.')}."


def _outcome(contents: RunContents) -> str:
    gain, tail = contents.risk("expected_return"), contents.risk("CVaR")
    if not np.isfinite([gain, tail]).all():
        return ""
    return (
        f"Over {_horizon(contents)} they are expected to return {percent(gain, sign=True)}; "
        f"in the {contents.tail} they return {percent(-tail, sign=True)} on average."
    )


def _parts(contents: RunContents) -> str:
    """What expected return is made of, by weight."""
    if not len(contents.value):
        return ""
    held = contents.weights.reindex(contents.value.index, fill_value=0.0)
    carry, pull, regimes = (
        percent(float((held * contents.value[name]).sum()), sign=True)
        for name in ("carry", "pull", "regimes")
    )
    cash = _cash_part(contents)
    return (
        "The market is taken to price the scenarios as they are weighted here: before its noise "
        f"the cost of equity makes {carry}, the way back to the model's value {pull}, "
        f"{'' if cash else 'and '}the scenarios {regimes}{cash} of what is expected."
    )


def _cash_part(contents: RunContents) -> str:
    """What cash adds to the expected return, where there is any."""
    if not contents.cash or CASH not in contents.reasons.index:
        return ""
    earned = contents.cash * float(contents.reasons["expected_return"][CASH])
    return f" and cash {percent(earned, sign=True)}"


def _worst(contents: RunContents) -> str | None:
    """The regime with the lowest expected return."""
    returns = contents.by_scenario["expected_return"].reindex(contents.regimes).dropna()
    return None if returns.empty else str(returns.idxmin())


def _resilience(contents: RunContents) -> str:
    """How many holdings grow even in the worst regime, by the median of their revenue."""
    worst = _worst(contents)
    if worst is None:
        return ""
    known = contents.growth.loc[contents.companies.index, worst].dropna().to_numpy()
    if not known.size:
        return ""
    growing = int((known > 0).sum())
    whole = count(known.size)
    some = count(growing) if whole.isalpha() else f"{growing:,}"  # both in words, or neither
    grown = {0: "none", known.size: "all"}.get(growing, some)
    return (
        f"In the {readable(worst)} scenario, revenue grows over the next four quarters at {grown} "
        f"of the {whole} holdings, going by its median."
    )


def _drivers(contents: RunContents) -> str:
    top = top_assumptions(contents, 3)
    top = top[top["portfolio_per_sd"] != 0]
    if top.empty:
        return ""
    effects = join(
        f"{readable(name)} by {percent(float(row['portfolio_per_sd']), sign=True)} "
        f"({str(row['meaning']).rstrip('.')})"
        for name, row in top.iterrows()
    )
    return (
        "Raised by one standard deviation of what calibration leaves open, each alone, the "
        "assumptions that change "
        f"the portfolio's value most are {effects}."
    )


def figures_of_merit(contents: RunContents) -> list[tuple[str, str]]:
    """The few numbers that stand above the text, each with its caption."""
    mean, tail = contents.risk("expected_return"), contents.risk("CVaR")
    return [
        (percent(mean, sign=True), f"expected over {_horizon(contents)}"),
        *(chances_merits(contents) or _worst_merit(contents)),
        (percent(-tail, sign=True), f"on average in the {contents.tail}"),
    ]


def _worst_merit(contents: RunContents) -> list[tuple[str, str]]:
    worst = _worst(contents)
    if worst is None:
        return []
    mean = float(contents.by_scenario["expected_return"][worst])
    return [(percent(mean, sign=True), f"expected in the {readable(worst)} scenario")]
