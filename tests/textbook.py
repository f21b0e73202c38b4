"""What objectives and limits mean, written from their definitions: the judge of any weights.

Nothing here knows how `marketsim.allocation` computes; only the fields of its objects are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketsim.returns import ReturnScenarios

FloatArray = NDArray[np.float64]
Measure = Callable[[Any, "World", FloatArray], float]


class World(NamedTuple):
    """Arrays of scenarios, without the draws that have no probability."""

    tickers: tuple[str, ...]
    returns: FloatArray  # [draw, company]
    odds: FloatArray  # [draw]
    means: dict[str, FloatArray]  # by regime: expected returns given it [company]
    beliefs: dict[str, float]  # by regime: its probability
    paths: FloatArray | None  # [draw, step, company]
    layers: Mapping[str, str]
    tops: dict[str, float]  # by regime: the highest expected return allowed; where regret asks

    def by_ticker(self, given: Any) -> FloatArray:
        """One number for each company [company]: `given` may be one for all."""
        if isinstance(given, (int, float)):
            return np.full(len(self.tickers), float(given))
        known = dict(given.items() if hasattr(given, "items") else given)
        return np.array([float(known.get(name, 0.0)) for name in self.tickers])

    def members(self, names: Iterable[str]) -> FloatArray:
        """1 for each company named, 0 for the others [company]."""
        chosen = set(names)
        return np.array([float(name in chosen) for name in self.tickers])

    def in_layer(self, layer: str) -> FloatArray:
        """1 for each company of a layer [company]."""
        return self.members(name for name in self.tickers if self.layers.get(name) == layer)


def world_of(scenarios: ReturnScenarios) -> World:
    """The arrays of `scenarios`."""
    some = scenarios.probabilities > 0
    odds, returns = scenarios.probabilities[some], scenarios.returns[some]
    regimes = np.asarray(scenarios.regimes)[some]
    means, beliefs = {}, {}
    for name in dict.fromkeys(regimes.tolist()):
        here = regimes == name
        beliefs[name] = float(odds[here].sum())
        means[name] = odds[here] @ returns[here] / beliefs[name]
    paths = getattr(scenarios, "paths", None)
    known = paths is not None and np.size(paths) > 0
    steps = np.asarray(paths)[some] if known else None
    return World(
        scenarios.tickers, returns, odds, means, beliefs, steps, dict(scenarios.layers), {}
    )


# Terms


def tail_mean(losses: FloatArray, odds: FloatArray, level: float) -> float:
    """Mean of the worst `1 - level` of probability, the last loss taken in part."""
    order = np.argsort(-losses)
    worst, mass = losses[order], odds[order]
    before = np.cumsum(mass) - mass
    taken = np.clip(1.0 - level - before, 0.0, mass)
    return float(taken @ worst / taken.sum())


def _variance(outcomes: FloatArray, odds: FloatArray) -> float:
    return float(odds @ (outcomes - odds @ outcomes) ** 2)


def _regimes(world: World, weights: FloatArray) -> FloatArray:
    return np.array([mean @ weights for mean in world.means.values()])


def active(term: Any, world: World, weights: Any) -> Any:
    """Weights less those of the term's benchmark, if it has one [company]."""
    given = getattr(term, "relative_to", None)
    return weights if given is None else weights - world.by_ticker(given)


def _cvar(term: Any, world: World, weights: FloatArray) -> float:
    weights = active(term, world, weights)
    spread = term.radius / (1.0 - term.level) * float(np.sqrt(weights @ weights))
    return tail_mean(-world.returns @ weights, world.odds, term.level) + float(spread)


def _ambiguous(term: Any, world: World, weights: FloatArray) -> float:
    """Probability moves from the best regimes to the worst until the radius is used up."""
    means, beliefs = _regimes(world, weights), np.array(list(world.beliefs.values()))
    left = float(term.radius)
    for r in np.argsort(-means):
        moved = min(left, beliefs[r])
        beliefs[r] -= moved
        beliefs[np.argmin(means)] += moved
        left -= moved
    return float(beliefs @ means)


def _regret(term: Any, world: World, weights: FloatArray) -> float:
    return max(world.tops[name] - float(mean @ weights) for name, mean in world.means.items())


def _log_growth(term: Any, world: World, weights: FloatArray) -> float:
    wealth = 1.0 + world.returns @ weights
    return float(world.odds @ np.log(wealth)) if (wealth > 0).all() else -np.inf


def _drawdown(term: Any, world: World, weights: FloatArray) -> float:
    assert world.paths is not None
    later = 1.0 + world.paths @ weights
    wealth = np.column_stack([np.ones(len(later)), later])
    falls = (np.maximum.accumulate(wealth, axis=1) - wealth).max(axis=1)
    return tail_mean(falls, world.odds, term.level)


def _cost(term: Any, world: World, weights: FloatArray) -> float:
    trades = np.abs(weights - world.by_ticker(term.current))
    return float(world.by_ticker(term.rate) @ trades)


def _impact(term: Any, world: World, weights: FloatArray) -> float:
    trades = np.abs(weights - world.by_ticker(term.current))
    return float(world.by_ticker(term.coefficient) @ trades**1.5)


def _tracking_error(term: Any, world: World, weights: FloatArray) -> float:
    active = weights - world.by_ticker(term.benchmark)
    return float(np.sqrt(_variance(world.returns @ active, world.odds)))


MEASURES: dict[str, Measure] = {
    "ExpectedReturn": lambda term, world, w: float(
        world.odds @ (world.returns @ active(term, world, w))
    ),
    "Variance": lambda term, world, w: _variance(
        world.returns @ active(term, world, w), world.odds
    ),
    "CVaR": _cvar,
    "WorstRegime": lambda term, world, w: float(_regimes(world, w).min()),
    "AmbiguousReturn": _ambiguous,
    "Regret": _regret,
    "LogGrowth": _log_growth,
    "Drawdown": _drawdown,
    "TransactionCost": _cost,
    "MarketImpact": _impact,
    "TrackingError": _tracking_error,
}
CONCAVE = frozenset({"WorstRegime", "AmbiguousReturn", "LogGrowth"})
AFFINE = frozenset({"ExpectedReturn"})


def kind(term: Any) -> str:
    """Name of a term or limit."""
    return type(term).__name__


def direction(objective: Any) -> float:
    """+1 if the objective is to be maximised, -1 if minimised; a line goes by its sign."""
    bent = [(scale, kind(term)) for scale, term in objective.parts if kind(term) not in AFFINE]
    signs = {1.0 if (scale > 0) == (name in CONCAVE) else -1.0 for scale, name in bent}
    assert len(signs) < 2, f"{objective!r} is neither concave nor convex"
    rising = sum(scale for scale, _ in objective.parts) > 0
    return signs.pop() if signs else 1.0 if rising else -1.0


def value(objective: Any, world: World, weights: FloatArray) -> float:
    """The objective at `weights` [company]."""
    parts = objective.parts
    return float(sum(scale * MEASURES[kind(term)](term, world, weights) for scale, term in parts))


def size(objective: Any, world: World, *points: FloatArray) -> float:
    """Sum over the terms of their greatest size at any of the `points`, each weights [company]."""
    sizes = [
        abs(scale) * max(abs(MEASURES[kind(term)](term, world, point)) for point in points)
        for scale, term in objective.parts
    ]
    return float(sum(sizes))


# Limits


def ranges(
    world: World,
    max_weight: float = 1.0,
    min_weight: float = 0.0,
    max_weights: Mapping[str, float] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest weight of each company [company]."""
    own = max_weights or {}
    high = np.array([float(own.get(name, max_weight)) for name in world.tickers])
    return np.full(len(high), float(min_weight)), high


def net(limits: Iterable[Any]) -> tuple[float, float]:
    """Lowest and highest sum of the weights."""
    limits = tuple(limits)
    if any(kind(one) == "Neutral" for one in limits):
        return 0.0, 0.0
    given = [one.net for one in limits if kind(one) == "Leverage" and one.net is not None]
    least, most = given[0] if given else (1.0, 1.0)
    return float(least), float(most)


def violation(
    world: World,
    weights: FloatArray,
    *,
    limits: Iterable[Any] = (),
    layer_caps: Mapping[str, float] | None = None,
    **bounds: Any,
) -> float:
    """The most by which `weights` [company] miss any limit or the budget."""
    low, high = ranges(world, **bounds)
    limits = tuple(limits)
    least, most = net(limits)
    total = float(weights.sum())
    misses = [*(low - weights), *(weights - high), least - total, total - most]
    for layer, cap in (layer_caps or {}).items():
        misses.append(float(world.in_layer(layer) @ weights) - cap)
    for limit in limits:
        misses += _misses(limit, world, weights)
    return float(max(0.0, *misses))


def _misses(limit: Any, world: World, weights: FloatArray) -> list[float]:
    name = kind(limit)
    if name == "Group":
        return _outside(float(world.members(limit.tickers) @ weights), limit)
    if name == "Exposure":
        return _outside(float(world.by_ticker(limit.loadings) @ weights), limit)
    if name == "Turnover":
        trades = np.abs(weights - world.by_ticker(limit.current))
        return [0.5 * float(trades.sum()) - limit.at_most]
    if name == "RegimeLoss":
        return [-float(world.means[limit.regime] @ weights) - limit.at_most]
    if name == "Neutral":
        net_of = [float(row @ weights) for row in neutral_rows(limit, world)]
        return [*map(abs, net_of), float(np.abs(weights).sum()) - limit.gross]
    if name == "TermLimit":
        over = value(limit.objective, world, weights) - limit.level
        return [over if limit.ceiling else -over]
    if name == "Leverage":
        return [] if limit.gross is None else [float(np.abs(weights).sum()) - limit.gross]
    assert name == "Holdings", f"no such limit: {limit!r}"
    held = np.abs(weights[weights != 0.0])
    many = limit.at_most is not None and len(held) > limit.at_most
    return [float("inf") if many else 0.0, *((limit.min_position or 0.0) - held)]


def neutral_rows(limit: Any, world: World) -> list[FloatArray]:
    """What a neutral book sums to 0: by layer, and against a market [company]."""
    layers = sorted(set(world.layers.values())) if limit.layers else []
    rows = [world.in_layer(layer) for layer in layers]
    if limit.market is not None:
        market = world.returns @ world.by_ticker(limit.market)
        ahead = world.odds * (market - world.odds @ market)
        rows.append(ahead @ world.returns / float(ahead @ market))
    return rows


def _outside(total: float, limit: Any) -> list[float]:
    above = [] if limit.at_most is None else [total - limit.at_most]
    return above if limit.at_least is None else [*above, limit.at_least - total]
