"""Random allocations of every kind, each feasible: limits are set around weights drawn first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from marketsim.allocation import limits, terms
from marketsim.returns import ReturnScenarios
from tests.textbook import AFFINE, CONCAVE

FloatArray = NDArray[np.float64]
Generator = np.random.Generator

COUNT = 360
MANY = 24  # of them with so many draws that the allocation works on a part of them

TERMS = (
    *("ExpectedReturn", "Variance", "CVaR", "WorstRegime", "AmbiguousReturn", "Regret"),
    *("LogGrowth", "Drawdown", "TransactionCost", "MarketImpact", "TrackingError"),
)
LIMITS = ("Group", "Turnover", "Exposure", "RegimeLoss", "Leverage", "Holdings")
OPTIONS = (*LIMITS, "shorts", "net", "max_weight", "min_weight", "max_weights", "layer_caps")
CURVED = frozenset({"Variance", "LogGrowth", "MarketImpact", "TrackingError", "spread"})


class Plan(NamedTuple):
    """What a problem is made of."""

    terms: tuple[str, ...]
    options: frozenset[str]  # of `OPTIONS`
    many: bool = False

    def __str__(self) -> str:
        return "+".join(self.terms) + "".join(f",{one}" for one in sorted(self.options))


class Problem(NamedTuple):
    """Arguments of `allocate`, and weights that satisfy them [company]."""

    scenarios: ReturnScenarios
    objective: Any
    arguments: dict[str, Any]
    feasible: FloatArray


def plan(number: int, series: int = 0) -> Plan:
    """Every term alone, every limit alone, sums under several limits, and many draws at last."""
    chance = np.random.default_rng([10 * series + 1, number])
    alone, limited = 8 * len(TERMS), 7 * len(OPTIONS)
    if number < alone:
        return Plan((TERMS[number % len(TERMS)],), frozenset())
    if number < alone + limited:
        option = OPTIONS[number % len(OPTIONS)]
        return Plan(_some(chance, TERMS, 1, 2), frozenset({option}))
    if number < COUNT - MANY:
        return Plan(_some(chance, TERMS, 1, 4), frozenset(_some(chance, OPTIONS, 1, 4)))
    others = [name for name in TERMS if name not in {"CVaR", "Drawdown"}]
    options = [name for name in OPTIONS if name != "Holdings"]
    return Plan(
        ("CVaR", *_some(chance, others, 0, 2)), frozenset(_some(chance, options, 0, 3)), many=True
    )


def problem(number: int, series: int = 0) -> Problem:
    """The random problem of that number, below `COUNT`, in a series of them."""
    what = plan(number, series)
    chance = np.random.default_rng([10 * series + 2, number])
    scenarios = _scenarios(chance, what)
    weights = _weights(chance, what, scenarios)
    unit = float(np.median(np.abs(scenarios.returns)))
    around = _Around(chance, scenarios, weights, unit)
    return Problem(scenarios, _objective(chance, what, around), _arguments(what, around), weights)


def _some(chance: Generator, names: Any, least: int, most: int) -> tuple[str, ...]:
    count = int(chance.integers(least, most + 1))
    return tuple(sorted(chance.choice(names, count, replace=False).tolist()))


# Scenarios


def _sizes(chance: Generator, what: Plan) -> tuple[int, int]:
    """Draws and companies: few where every choice of names is tried."""
    if what.many:
        return int(chance.integers(2_501, 3_500)), int(chance.integers(2, 9))
    small = "Holdings" in what.options
    draws = int(np.exp(chance.uniform(np.log(20), np.log(100 if small else 400))))
    return draws, int(chance.integers(2, 6 if small else 13))


def _scenarios(chance: Generator, what: Plan) -> ReturnScenarios:
    draws, companies = _sizes(chance, what)
    returns = _returns(chance, draws, companies)
    rows = np.arange(draws)
    if chance.random() < 0.3:  # ties: a third of the draws repeat others
        rows[: draws // 3] = chance.integers(draws // 3, draws, draws // 3)
    tickers = tuple(f"T{i}" for i in range(companies))
    regimes = np.array(["bull", "base", "bear", "crash"])[: chance.integers(1, 5)]
    more: dict[str, Any] = {}
    if "Drawdown" in what.terms:
        more["paths"] = _paths(chance, returns)[rows]
    return ReturnScenarios(
        returns[rows],
        tickers,
        _odds(chance, draws),
        chance.choice(regimes, draws),
        {name: str(chance.choice(["chips", "power"])) for name in tickers},
        **more,
    )


def _returns(chance: Generator, draws: int, companies: int) -> FloatArray:
    """Heavy-tailed, with a common factor; typical sizes from 1e-3 to 10."""
    common = chance.standard_t(5, (draws, 1)) * chance.uniform(0.0, 1.0, companies)
    own = chance.standard_t(5, (draws, companies))
    both = np.clip(common + own + chance.normal(0.3, 0.3, companies), -12.0, 12.0)
    if companies > 2 and chance.random() < 0.2:  # nearly the same company twice
        both[:, 1] = both[:, 0] + 1e-6 * chance.normal(size=draws)
    size = 10 ** chance.uniform(-3, 1) if chance.random() < 0.5 else 0.1
    scaled = np.exp(0.3 * both) * size - 1 if size > 1 else np.exp(0.5 * size * both) - 1
    return np.asarray(scaled)


def _odds(chance: Generator, draws: int) -> FloatArray:
    kind = chance.integers(3)
    odds = np.ones(draws) if kind == 0 else chance.dirichlet(np.ones(draws))
    if kind == 2:
        odds = np.where(chance.random(draws) < 0.1, 0.0, odds)
    return np.asarray(odds / odds.sum())


def _paths(chance: Generator, returns: FloatArray) -> FloatArray:
    """Cumulative returns that wander to `returns` in 2 to 5 steps [draw, step, company]."""
    steps = int(chance.integers(2, 6))
    ends = np.log1p(returns)[:, None, :]
    walk = chance.normal(size=(len(returns), steps, returns.shape[1])).cumsum(axis=1)
    part = np.arange(1, steps + 1)[:, None] / steps
    paths = np.expm1(part * ends + np.abs(ends).mean() * (walk - part * walk[:, -1:]) / steps)
    paths[:, -1] = returns
    return np.asarray(paths)


# Weights that are to be allowed


def _weights(chance: Generator, what: Plan, scenarios: ReturnScenarios) -> FloatArray:
    count = len(scenarios.tickers)
    held = int(chance.integers(1, count + 1)) if "Holdings" in what.options else count
    weights = np.zeros(count)
    names = chance.permutation(count)[:held]
    weights[names] = 0.9 * chance.dirichlet(np.ones(held)) + 0.1 / held
    if "net" in what.options:
        weights *= chance.uniform(0.5, 1.0)
    if "shorts" not in what.options or held < 2:
        return weights
    against = np.isin(np.arange(count), names[: held // 2])
    bold = weights * np.where(against, -0.4, 1.0)
    bold *= weights.sum() / bold.sum() if bold.sum() > 0.2 else 0.0
    safe = "LogGrowth" not in what.terms or bool((scenarios.returns @ bold > -0.9).all())
    return np.asarray(bold if safe and bold.any() else weights)


# Objectives and limits


class _Around(NamedTuple):
    """What limits and terms are set around."""

    chance: Generator
    scenarios: ReturnScenarios
    weights: FloatArray
    unit: float

    def slack(self) -> float:
        """Room between the weights and a limit, at times none."""
        return 0.0 if self.chance.random() < 0.05 else float(self.chance.uniform(0.005, 0.2))

    def others(self) -> dict[str, float]:
        """Weights of another portfolio, of some companies."""
        names = [name for name in self.scenarios.tickers if self.chance.random() < 0.8]
        shares = self.chance.dirichlet(np.ones(len(names) + 1))
        return dict(zip(names, shares.tolist(), strict=False))

    def between(self, total: float, unit: float = 1.0) -> dict[str, float]:
        """Bounds below, above or on both sides of `total`."""
        sides = int(self.chance.integers(1, 4))
        below = {"at_least": total - unit * self.slack()} if sides & 1 else {}
        return {**below, "at_most": total + unit * self.slack()} if sides & 2 else below

    def rates(self, most: float) -> float | dict[str, float]:
        """A number for all companies, or one for each."""
        rates = self.chance.uniform(0.0, most, len(self.weights)).tolist()
        return (
            rates[0]
            if self.chance.random() < 0.5
            else dict(zip(self.scenarios.tickers, rates, strict=True))
        )


def _objective(chance: Generator, what: Plan, around: _Around) -> Any:
    """A sum that is concave or convex, its terms of about the same size in one case of two."""
    sign, even = chance.choice([-1.0, 1.0]), chance.random() < 0.5
    total: Any = 0
    for name in what.terms:
        scale = 10 ** chance.uniform(-1, 1)
        if even and name not in {"TransactionCost", "MarketImpact"}:
            scale /= around.unit ** (2 if name == "Variance" else 1)
        bent = 1.0 if name in CONCAVE else -1.0
        total = total + (sign if name in AFFINE else sign * bent) * scale * _term(name, around)
    return total


def _term(name: str, around: _Around) -> Any:
    chance = around.chance
    if name == "CVaR":
        wide = chance.random() < 0.4
        radius = around.unit * float(chance.uniform(0.001, 0.1)) if wide else 0.0
        return terms.CVaR(float(chance.choice([0.3, 0.5, 0.8, 0.9, 0.95, 0.99])), radius)
    if name == "AmbiguousReturn":
        return terms.AmbiguousReturn(float(chance.choice([0.0, 0.1, chance.random(), 1.0])))
    if name == "Drawdown":
        return terms.Drawdown(float(chance.choice([0.0, 0.5, 0.8, 0.95])))
    if name == "TransactionCost":
        return terms.TransactionCost(around.rates(0.3 * around.unit), around.others())
    if name == "MarketImpact":
        return terms.MarketImpact(around.rates(0.5 * around.unit), around.others())
    if name == "TrackingError":
        return terms.TrackingError(around.others())
    return getattr(terms, name)()


def _arguments(what: Plan, around: _Around) -> dict[str, Any]:
    chance, weights, names = around.chance, around.weights, around.scenarios.tickers
    arguments: dict[str, Any] = {
        "limits": [LIMIT[name](around) for name in LIMITS if name in what.options]
    }
    if "net" in what.options and "Leverage" not in what.options:
        arguments["limits"].append(limits.Leverage(net=_net(around)))
    elif "net" in what.options:
        gross = limits.Leverage(gross=_gross(around), net=_net(around))
        arguments["limits"] = [
            gross if isinstance(one, limits.Leverage) else one for one in arguments["limits"]
        ]
    if "max_weight" in what.options or weights.max() > 1.0:
        cap = float(weights.max()) + around.slack()
        arguments["max_weight"] = cap if weights.min() < 0.0 else min(cap, 1.0)
    if weights.min() < 0.0:
        arguments["min_weight"] = float(weights.min()) - around.slack()
    elif "min_weight" in what.options and "Holdings" not in what.options:
        arguments["min_weight"] = float(weights.min() * chance.uniform(0.1, 1.0))
    if "max_weights" in what.options:
        i = int(chance.integers(len(names)))
        arguments["max_weights"] = {
            names[i]: min(max(float(weights[i]), 0.0) + around.slack(), 1.0)
        }
    if "layer_caps" in what.options:
        arguments["layer_caps"] = _caps(around)
    return arguments


def _caps(around: _Around) -> dict[str, float]:
    layers = around.scenarios.layers
    held = dict.fromkeys(layers.values(), 0.0)
    for name, weight in zip(around.scenarios.tickers, around.weights, strict=True):
        held[layers[name]] += float(weight)
    layer = sorted(held)[0]
    return {layer: min(max(held[layer], 0.0) + around.slack(), 1.0)} if held[layer] <= 1.0 else {}


def _group(around: _Around) -> Any:
    chosen = around.chance.random(len(around.weights)) < 0.5
    chosen[0] = True
    names = tuple(np.array(around.scenarios.tickers)[chosen].tolist())
    return limits.Group("some", names, **around.between(float(around.weights[chosen].sum())))


def _turnover(around: _Around) -> Any:
    current = around.others()
    now = np.array([current.get(name, 0.0) for name in around.scenarios.tickers])
    return limits.Turnover(
        0.5 * float(np.abs(around.weights - now).sum()) + around.slack(), current
    )


def _exposure(around: _Around) -> Any:
    loadings = around.chance.normal(size=len(around.weights))
    named = dict(zip(around.scenarios.tickers, loadings.tolist(), strict=True))
    return limits.Exposure("beta", named, **around.between(float(loadings @ around.weights)))


def _regime_loss(around: _Around) -> Any:
    scenarios = around.scenarios
    regime = str(around.chance.choice(scenarios.regime_names()))
    odds = scenarios.probabilities * (scenarios.regimes == regime)
    loss = -float(odds @ scenarios.returns @ around.weights / odds.sum())
    return limits.RegimeLoss(regime, loss + around.unit * around.slack())


def _gross(around: _Around) -> float:
    return float(np.abs(around.weights).sum()) + around.slack()


def _net(around: _Around) -> tuple[float, float]:
    total = float(around.weights.sum())
    return total - around.slack(), total + around.slack()


def _holdings(around: _Around) -> Any:
    held = np.abs(around.weights[around.weights != 0.0])
    sides = int(around.chance.integers(1, 4))
    at_most = len(held) + int(around.chance.integers(2)) if sides & 1 else None
    least = float(held.min() * around.chance.uniform(0.3, 1.0)) if sides & 2 else None
    return limits.Holdings(at_most=at_most, min_position=least)


LIMIT: dict[str, Callable[[_Around], Any]] = {
    "Group": _group,
    "Turnover": _turnover,
    "Exposure": _exposure,
    "RegimeLoss": _regime_loss,
    "Leverage": lambda around: limits.Leverage(gross=_gross(around)),
    "Holdings": _holdings,
}
