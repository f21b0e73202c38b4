"""The allocation as a textbook writes it: the primal programme over all draws, in cvxpy.

It shares nothing with `marketsim.allocation`, which solves the dual over few draws: variables are
the weights, a threshold and excess losses for CVaR, running maxima for drawdown, exponential cones
for logs, second-order cones for norms, and booleans, or every choice of names, for holdings.
Linear programmes go to Clarabel, those with booleans to HiGHS, all others to Clarabel.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import combinations, product
from typing import Any, NamedTuple

import cvxpy as cp
import numpy as np
from numpy.typing import NDArray

from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.textbook import World, kind

FloatArray = NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]


ATTEMPTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *(
        ("CLARABEL", {"max_threads": 1, "tol_gap_abs": t, "tol_gap_rel": t, "tol_feas": t})
        for t in (1e-11, 1e-9, 1e-8, 1e-7)
    ),
    ("SCS", {"eps_abs": 1e-10, "eps_rel": 1e-10, "max_iters": 200_000}),
)


class Best(NamedTuple):
    """The optimum, its weights [company], and the arrays it was computed from."""

    value: float
    weights: FloatArray
    world: World


class Model(NamedTuple):
    """Variables and data of one programme; returns are in units of a typical one."""

    world: World
    unit: float
    weights: Any
    rules: list[Any]

    def outcomes(self, term: Any = None) -> Any:
        """The portfolio's return in each draw, less that of a term's benchmark, in units."""
        return (self.world.returns / self.unit) @ textbook.active(term, self.world, self.weights)

    def regimes(self) -> list[Any]:
        """Expected return by regime, in units."""
        return [(mean / self.unit) @ self.weights for mean in self.world.means.values()]


def best(
    scenarios: ReturnScenarios,
    objective: Any,
    *,
    limits: Iterable[Any] = (),
    layer_caps: Mapping[str, float] | None = None,
    **bounds: Any,
) -> Best:
    """The best weights under the arguments of `allocate`, and the objective at them."""
    world = textbook.world_of(scenarios)
    limits = tuple(limits)
    sums = [objective, *(one.objective for one in limits if kind(one) == "TermLimit")]
    if any(kind(term) == "Regret" for one in sums for _, term in one.parts):
        plain = tuple(one for one in limits if kind(one) != "TermLimit")
        world = world._replace(tops=_tops(world, plain, layer_caps, bounds))
    sign = textbook.direction(objective)
    model = _model(world)
    sizes = [abs(scale) * _unit(term, model) for scale, term in objective.parts]
    aim = sum(
        sign * np.sign(scale) * size / sum(sizes) * TERMS[kind(term)](term, model)
        for size, (scale, term) in zip(sizes, objective.parts, strict=True)
    )
    weights, found = _maximised(aim, model, limits, layer_caps, bounds)
    value = textbook.value(objective, world, weights)
    # What the programme says of its weights is what the definitions say of them.
    scale = max(sum(sizes), textbook.size(objective, world, weights))
    assert abs(value - sign * found * sum(sizes)) <= 2e-7 * scale, (objective, value, found)
    return Best(value, weights, world)


def _model(world: World) -> Model:
    unit = float(np.median(np.abs(world.returns))) or 1.0
    return Model(world, unit, cp.Variable(len(world.tickers)), [])


def _tops(
    world: World,
    limits: tuple[Any, ...],
    layer_caps: Mapping[str, float] | None,
    bounds: Mapping[str, Any],
) -> dict[str, float]:
    """By regime, the highest expected return that the limits allow."""
    tops = {}
    for name, mean in world.means.items():
        model = _model(world)
        aim = (mean / model.unit) @ model.weights
        tops[name] = float(mean @ _maximised(aim, model, limits, layer_caps, bounds)[0])
    return tops


# Terms, in their own units


def _tail(losses: Any, odds: FloatArray, level: float, rules: list[Any]) -> Any:
    """Rockafellar and Uryasev (2000): the threshold, and what losses exceed it by."""
    if level == 0.0:
        return odds @ losses
    edge, beyond = cp.Variable(), cp.Variable(len(odds), nonneg=True)
    rules.append(beyond >= losses - edge)
    return edge + odds @ beyond / (1.0 - level)


def _cvar(term: Any, model: Model) -> Any:
    tail = _tail(-model.outcomes(term), model.world.odds, term.level, model.rules)
    if term.radius == 0.0:
        return tail
    active = textbook.active(term, model.world, model.weights)
    return tail + term.radius / (1.0 - term.level) / model.unit * cp.norm2(active)


def _spread(term: Any, model: Model, weights: Any) -> Any:
    """A vector whose squares sum to the variance of `weights`."""
    odds, returns = model.world.odds, model.world.returns / model.unit
    return (np.sqrt(odds)[:, None] * (returns - odds @ returns)) @ weights


def _tracking_error(term: Any, model: Model) -> Any:
    benchmark = model.world.by_ticker(term.benchmark)
    return cp.norm2(_spread(term, model, model.weights - benchmark))


def _worst(term: Any, model: Model) -> Any:
    level = cp.Variable()
    model.rules.extend(level <= mean for mean in model.regimes())
    return level


def _ambiguous(term: Any, model: Model) -> Any:
    """The best outcomes lose `radius` of probability to the worst one (Jiang and Guan 2018)."""
    worst = _worst(term, model)
    if term.radius >= 1.0:
        return worst
    means = cp.hstack(model.regimes())
    beliefs = np.array(list(model.world.beliefs.values()))
    rest = -_tail(-means, beliefs, term.radius, model.rules)
    return term.radius * worst + (1.0 - term.radius) * rest


def _regret(term: Any, model: Model) -> Any:
    level = cp.Variable()
    for top, mean in zip(model.world.tops.values(), model.regimes(), strict=True):
        model.rules.append(level >= top / model.unit - mean)
    return level


def _log_growth(term: Any, model: Model) -> Any:
    return model.world.odds @ cp.log(1.0 + model.world.returns @ model.weights) / model.unit


def _drawdown(term: Any, model: Model) -> Any:
    """Running maxima of what the wealth has gained, 0 at the start."""
    assert model.world.paths is not None
    draws, steps, _ = model.world.paths.shape
    peak, fall = cp.Variable((draws, steps)), cp.Variable(draws)
    for t in range(steps):
        gain = (model.world.paths[:, t] / model.unit) @ model.weights
        before = 0.0 if t == 0 else peak[:, t - 1]
        rules = [peak[:, t] >= before, peak[:, t] >= gain, fall >= peak[:, t] - gain]
        model.rules.extend(rules)
    return _tail(fall, model.world.odds, term.level, model.rules)


def _trades(term: Any, model: Model) -> Any:
    return cp.abs(model.weights - model.world.by_ticker(term.current))


def _cost(term: Any, model: Model) -> Any:
    return model.world.by_ticker(term.rate) @ _trades(term, model)


def _impact(term: Any, model: Model) -> Any:
    coefficients = model.world.by_ticker(term.coefficient)
    return coefficients @ cp.power(_trades(term, model), 1.5)


TERMS: dict[str, Callable[[Any, Model], Any]] = {
    "ExpectedReturn": lambda term, model: model.world.odds @ model.outcomes(term),
    "Variance": lambda term, model: cp.sum_squares(
        _spread(term, model, textbook.active(term, model.world, model.weights))
    ),
    "CVaR": _cvar,
    "WorstRegime": _worst,
    "AmbiguousReturn": _ambiguous,
    "Regret": _regret,
    "LogGrowth": _log_growth,
    "Drawdown": _drawdown,
    "TransactionCost": _cost,
    "MarketImpact": _impact,
    "TrackingError": _tracking_error,
}


def _unit(term: Any, model: Model) -> float:
    """What 1 stands for in a term."""
    if kind(term) in {"TransactionCost", "MarketImpact"}:
        return 1.0
    return model.unit**2 if kind(term) == "Variance" else model.unit


# Limits


def _linear(
    model: Model, limits: tuple[Any, ...], layer_caps: Mapping[str, float] | None
) -> list[Any]:
    """Every limit but the ranges of single companies and the holdings."""
    w, world = model.weights, model.world
    least, most = textbook.net(limits)
    rules = [cp.sum(w) == least] if least == most else [cp.sum(w) >= least, cp.sum(w) <= most]
    rules += [world.in_layer(layer) @ w <= cap for layer, cap in (layer_caps or {}).items()]
    for limit in limits:
        rules += _rules(limit, model)
    return rules


def _rules(limit: Any, model: Model) -> list[Any]:
    w, world, name = model.weights, model.world, kind(limit)
    if name == "Group":
        return _between(world.members(limit.tickers) @ w, limit)
    if name == "Exposure":
        return _between(world.by_ticker(limit.loadings) @ w, limit)
    if name == "Turnover":
        return [0.5 * cp.norm1(w - world.by_ticker(limit.current)) <= limit.at_most]
    if name == "RegimeLoss":
        return [-(world.means[limit.regime] / model.unit) @ w <= limit.at_most / model.unit]
    if name == "Neutral":
        rows = textbook.neutral_rows(limit, world)
        return [*(row @ w == 0.0 for row in rows), cp.norm1(w) <= limit.gross]
    if name == "TermLimit":
        parts = [(scale * _unit(term, model), term) for scale, term in limit.objective.parts]
        total = sum(scale * TERMS[kind(term)](term, model) for scale, term in parts)
        return [total <= limit.level] if limit.ceiling else [total >= limit.level]
    if name == "Leverage" and limit.gross is not None:
        return [cp.norm1(w) <= limit.gross]
    return []


def _between(total: Any, limit: Any) -> list[Any]:
    above = [] if limit.at_most is None else [total <= limit.at_most]
    return above if limit.at_least is None else [*above, total >= limit.at_least]


# Solving


def _maximised(
    aim: Any,
    model: Model,
    limits: tuple[Any, ...],
    layer_caps: Mapping[str, float] | None,
    bounds: Mapping[str, Any],
) -> tuple[FloatArray, float]:
    """Best weights, and what the programme says of them."""
    linear = _linear(model, limits, layer_caps)  # limits on terms add rules to the model's
    rules = [*model.rules, *linear]
    ranges = textbook.ranges(model.world, **bounds)
    holdings = [limit for limit in limits if kind(limit) == "Holdings"]
    low, high = cp.Parameter(len(ranges[0])), cp.Parameter(len(ranges[1]))
    whole = cp.Problem(cp.Maximize(aim), [*rules, model.weights >= low, model.weights <= high])
    if not holdings:
        choices: Iterable[Bounds] = [ranges]
    elif whole.is_lp():
        choices = [_chosen(aim, rules, model.weights, ranges, holdings[0])]
    else:
        choices = _choices(ranges, holdings[0])
    found = [one for one in (_solved(whole, low, high, c, model.weights) for c in choices) if one]
    assert found, "the reference found no weights"
    return max(found, key=lambda one: one[1])


def _solved(
    problem: Any, low: Any, high: Any, choice: Bounds, weights: Any
) -> tuple[FloatArray, float] | None:
    """The optimum within the ranges `choice`; None where there are no weights."""
    low.value, high.value = choice
    for solver, options in ATTEMPTS:
        with warnings.catch_warnings(), suppress(cp.SolverError):
            warnings.simplefilter("ignore")  # inexact answers warn; here they are tried again
            problem.solve(solver=solver, **options)
            if problem.status == cp.OPTIMAL:
                return np.clip(weights.value, *choice), float(problem.value)
            if problem.status == cp.INFEASIBLE:
                return None
    raise AssertionError(f"the reference ended with status {problem.status}")


def _chosen(aim: Any, rules: list[Any], w: Any, ranges: Bounds, holdings: Any) -> Bounds:
    """The ranges of the best choice of names, by booleans for long and short."""
    (low, high), least = ranges, holdings.min_position or 0.0
    count = len(low)
    long, short = cp.Variable(count, boolean=True), cp.Variable(count, boolean=True)
    at_most = count if holdings.at_most is None else holdings.at_most
    booleans = [
        w <= cp.multiply(high, long) - least * short,
        w >= cp.multiply(low, short) + least * long,
        long + short <= 1,
        cp.sum(long + short) <= at_most,
    ]
    problem = cp.Problem(cp.Maximize(aim), [*rules, *booleans])
    exact = {"mip_rel_gap": 1e-9, "mip_abs_gap": 1e-11, "mip_feasibility_tolerance": 1e-9}
    problem.solve(solver="HIGHS", highs_options={"presolve": "on", "threads": 1, **exact})
    assert problem.status == cp.OPTIMAL, problem.status
    signs = np.rint(long.value) - np.rint(short.value)
    return _ranges_of(signs, ranges, least)


def _choices(ranges: Bounds, holdings: Any) -> Iterator[Bounds]:
    """Ranges for every choice of names held long and held short."""
    low, high = ranges
    count, least = len(low), holdings.min_position or 0.0
    most = count if holdings.at_most is None else min(holdings.at_most, count)
    if not least:  # to hold more names is never worse, and a name held may be long or short
        for names in combinations(range(count), most):
            free = np.isin(np.arange(count), names)
            yield np.where(free, low, 0.0), np.where(free, high, 0.0)
        return
    signs = [[s for s in (0, 1, -1) if s >= 0 or low[i] <= -least] for i in range(count)]
    for pattern in product(*signs):
        if np.count_nonzero(pattern) <= most:
            yield _ranges_of(np.array(pattern, dtype=float), ranges, least)


def _ranges_of(signs: FloatArray, ranges: Bounds, least: float) -> Bounds:
    low = np.where(signs > 0, np.maximum(least, ranges[0]), np.where(signs < 0, ranges[0], 0.0))
    high = np.where(signs > 0, ranges[1], np.where(signs < 0, -least, 0.0))
    return low, high
