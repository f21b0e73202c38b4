"""Conflicts: what is named conflicts, no less of it does, and every remedy named is one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketsim.allocation import allocate, terms
from marketsim.allocation.constraints import Constraints, constraints_from
from marketsim.allocation.infeasible import check_feasible
from marketsim.allocation.limits import (
    Exposure,
    Group,
    Holdings,
    Leverage,
    RegimeLoss,
    Turnover,
)
from marketsim.allocation.polyhedron import slack_needed
from marketsim.errors import InfeasibleError
from marketsim.returns import ReturnScenarios
from tests import textbook
from tests.compared import scenarios_of, weights_of

SEEDS = st.integers(0, 2**32 - 1)
TICKERS = tuple("ABCDE")
Arguments = dict[str, Any]


def returns_of(seed: int = 0) -> ReturnScenarios:
    layers = dict(zip(TICKERS, ["chips", "power", "chips", "power", "solo"], strict=True))
    return replace(scenarios_of(seed), layers=layers)


def polyhedron_of(arguments: Arguments, returns: ReturnScenarios) -> Constraints:
    return constraints_from(returns, **arguments)


def complaint(arguments: Arguments, returns: ReturnScenarios | None = None) -> str:
    """Why there are no weights; empty where there are some."""
    try:
        check_feasible(polyhedron_of(arguments, returns or returns_of()))
    except InfeasibleError as error:
        return str(error)
    return ""


# Reading a complaint

MOVE = re.compile(r"(.+?) (?:must be )?(at least|at most) (-?[\d.]+(?:e[+-]?\d+)?)$")


def remedies(text: str) -> list[list[tuple[str, str, float]]]:
    """What would do: each remedy is a list of moves, (argument, side, number)."""
    told = text.rsplit(": ", 1)[1]
    if told == "no single one can give way enough":
        return []
    found = []
    for one in told.split(", or "):
        moves = [MOVE.match(part.strip()) for part in one.split(" and ")]
        assert all(moves), text
        found.append([(m[1], m[2], float(m[3])) for m in moves if m])
    return found


def named(text: str) -> list[str]:
    """What conflicts."""
    told = re.search(r"satisfy (.*): ", text)
    assert told is not None, text
    return [part.split(" = ")[0] for part in told[1].split(", ")]


def moved(arguments: Arguments, argument: str, to: float) -> Arguments:
    """The same arguments with another number for one."""
    given = dict(arguments)
    if argument in {"max_weight", "min_weight"}:
        return {**given, argument: to}
    keyed = re.match(r"(max_weights|layer_caps)\['(\w+)'\]$", argument)
    if keyed:
        return {**given, keyed[1]: {**given[keyed[1]], keyed[2]: to}}
    limits = list(given["limits"])
    (index,) = (i for i, one in enumerate(limits) if _owns(one, argument))
    limits[index] = _with(limits[index], argument, to)
    return {**given, "limits": limits}


def _owns(limit: Any, argument: str) -> bool:
    kind, given = type(limit).__name__, argument.split(".")
    label = {"Group": "name", "Exposure": "name", "RegimeLoss": "regime"}.get(kind)
    prefix = f"{kind}({getattr(limit, label)!r})" if label else kind
    if given[0] != prefix:
        return False
    return getattr(limit, given[1], None) is not None


def _with(limit: Any, argument: str, to: float) -> Any:
    side = argument.rsplit(".", 1)[1]
    if "Leverage.net" in argument:
        low, high = limit.net
        return replace(limit, net=(to, high) if side == "at_least" else (low, to))
    return replace(limit, **{side: to})


def check(arguments: Arguments, returns: ReturnScenarios | None = None) -> str:
    """Every remedy works, and (of one move) hardly less of it does."""
    returns = returns or returns_of()
    text = complaint(arguments, returns)
    if text and " satisfy " not in text:  # caps and floors by arithmetic, before other limits
        arguments = {name: given for name, given in arguments.items() if "weight" in name}
    for moves in remedies(text) if text else []:
        better = arguments
        for argument, _, to in moves:
            better = moved(better, argument, to)
        after = complaint(better, returns)
        if " satisfy " in text:
            assert after == "", (text, moves)
        else:  # it speaks of one conflict only
            assert after.split(" ")[0] != text.split(" ")[0], (text, moves)
        if len(moves) > 1 or "Holdings.at_most" in moves[0][0]:
            continue
        argument, side, to = moves[0]
        short = to - 3e-4 if side == "at least" else to + 3e-4
        if to and abs(to) < 100.0 and _valid(argument, short):
            assert complaint(moved(arguments, argument, short), returns), (text, argument, short)
    return text


def _valid(argument: str, number: float) -> bool:
    return number >= 0.0 or argument.startswith(("Group", "Exposure", "Regime", "Leverage.net"))


# Random limits


def drawn(seed: int, returns: ReturnScenarios) -> Arguments:
    """A few limits that are often too many."""
    chance = np.random.default_rng(seed)

    def some() -> tuple[str, ...]:
        names = [name for name in TICKERS if chance.random() < 0.5]
        return tuple(names or ["A"])

    def shares() -> dict[str, float]:
        return dict(zip(TICKERS, chance.dirichlet(np.ones(5)).round(3).tolist(), strict=True))

    def number(low: float, high: float) -> float:
        return round(float(chance.uniform(low, high)), 2)

    loads = dict(zip(TICKERS, chance.normal(size=5).round(2).tolist(), strict=True))
    means = textbook.world_of(returns).means["bear"]
    choices = [
        lambda: Group("one", some(), at_most=number(0.0, 0.6)),
        lambda: Group("two", some(), at_least=number(0.3, 1.0)),
        lambda: Exposure("tilt", loads, at_least=number(0.0, 1.5)),
        lambda: Exposure("carbon", {**loads, "E": 0.0}, at_most=number(-1.5, 0.0)),
        lambda: Turnover(number(0.0, 0.5), shares()),
        lambda: RegimeLoss("bear", round(-float(means.max()) * number(0.5, 1.3), 4)),
    ]
    picked = chance.choice(len(choices), int(chance.integers(1, 4)), replace=False)
    given: Arguments = {"limits": [choices[i]() for i in picked]}
    if chance.random() < 0.5:
        given["max_weight"] = number(0.2, 0.6)
    if chance.random() < 0.3:
        given["min_weight"] = number(0.0, 0.2)
    if chance.random() < 0.2:
        given["max_weights"] = {"A": number(0.0, 0.3)}
    if chance.random() < 0.3:
        given["layer_caps"] = {str(chance.choice(["chips", "solo"])): number(0.05, 0.5)}
    return given


def with_shorts(seed: int, arguments: Arguments) -> Arguments:
    chance = np.random.default_rng(seed)
    more: list[Any] = []
    if chance.random() < 0.7:
        more.append(Leverage(gross=round(float(chance.uniform(0.8, 1.3)), 2)))
    if chance.random() < 0.3:
        low = round(float(chance.uniform(0.5, 1.0)), 2)
        more = [Leverage(net=(low, 1.0))]
    short = -round(float(chance.uniform(0.01, 0.2)), 2)
    return {**arguments, "min_weight": short, "limits": [*arguments["limits"], *more]}


def with_holdings(seed: int, arguments: Arguments) -> Arguments:
    chance = np.random.default_rng(seed)
    count = int(chance.integers(1, 4)) if chance.random() < 0.7 else None
    least = round(float(chance.uniform(0.1, 0.5)), 2)
    limit = Holdings(count, least if count is None or chance.random() < 0.5 else None)
    return {**arguments, "limits": [*arguments["limits"][:2], limit]}


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_each_remedy_alone_makes_room(seed: int) -> None:
    returns = returns_of(seed % 7)
    check(drawn(seed, returns), returns)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_each_remedy_alone_makes_room_with_shorts(seed: int) -> None:
    returns = returns_of(seed % 7)
    check(with_shorts(seed, drawn(seed, returns)), returns)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_each_remedy_alone_makes_room_with_few_holdings(seed: int) -> None:
    returns = returns_of(seed % 7)
    check(with_holdings(seed, drawn(seed, returns)), returns)


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.sampled_from(["plain", "shorts", "holdings"]))
def test_what_is_named_conflicts_and_no_less_of_it(seed: int, kind: str) -> None:
    returns = returns_of(seed % 7)
    arguments = drawn(seed, returns)
    if kind != "plain":
        arguments = (with_shorts if kind == "shorts" else with_holdings)(seed, arguments)
    text = complaint(arguments, returns)
    if " satisfy " not in text:  # plain arithmetic on caps and floors
        return
    whole = polyhedron_of(arguments, returns)
    blamed = set(named(text))
    assert blamed <= {one.argument for one in whole.bounds if one.told}
    others = [one for one in whole.bounds if one.told and one.argument not in blamed]
    core = whole.without(*others)
    assert slack_needed(core) > 1e-9
    for one in core.bounds:
        if one.told:
            assert slack_needed(core.without(one)) <= 1e-9, (text, one.argument)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_what_is_not_complained_of_can_be_allocated(seed: int) -> None:
    returns = returns_of(seed % 7)
    arguments = drawn(seed, returns)
    if complaint(arguments, returns):
        with pytest.raises(InfeasibleError):
            allocate(returns, terms.ExpectedReturn(), **arguments)
    else:
        choice = allocate(returns, terms.ExpectedReturn(), **arguments)
        world = textbook.world_of(returns)
        assert textbook.violation(world, weights_of(choice), **arguments) <= 1e-8


# Single conflicts

AB, CDE = ("A", "B"), ("C", "D", "E")
CONFLICTS: list[tuple[Arguments, str]] = [
    (
        {"limits": [Group("x", AB, at_most=0.3), Group("y", CDE, at_most=0.5)]},
        r"Group\('x'\).at_most = 0.3, Group\('y'\).at_most = 0.5: Group\('x'\).at_most must be at "
        r"least 0.5, or Group\('y'\).at_most must be at least 0.7$",
    ),
    (
        {"max_weight": 0.3, "limits": [Group("x", AB, at_least=0.8)]},
        r"max_weight = 0.3, Group\('x'\).at_least = 0.8: max_weight must be at least 0.4, or "
        r"Group\('x'\).at_least must be at most 0.6$",
    ),
    (
        {"limits": [Group("x", ["A"], at_least=0.6), Turnover(0.25, {"B": 1.0})]},
        r"Group\('x'\).at_least = 0.6, Turnover.at_most = 0.25: Group\('x'\).at_least must be at "
        r"most 0.25, or Turnover.at_most must be at least 0.6$",
    ),
    (
        {"limits": [Exposure("b", {"A": 2.0, "B": 1.0}, at_least=2.5)]},
        r"satisfy Exposure\('b'\).at_least = 2.5: Exposure\('b'\).at_least must be at most 2$",
    ),
    (
        {"limits": [Exposure("b", {"A": 0.0}, at_least=0.1)]},
        r"satisfy Exposure\('b'\).at_least = 0.1: .* must be at most 0$",
    ),
    (
        {"limits": [Leverage(gross=0.9)]},
        r"satisfy Leverage.gross = 0.9: Leverage.gross must be at least 1$",
    ),
    (
        {"max_weight": 0.1, "limits": [Leverage(net=(0.9, 1.0))]},
        r"no weights satisfy max_weight = 0.1, Leverage.net.at_least = 0.9: max_weight must be at "
        r"least 0.18, or Leverage.net.at_least must be at most 0.5$",
    ),
    (
        {"min_weight": 0.1, "limits": [Holdings(at_most=2)]},
        r"min_weight = 0.1, Holdings.at_most = 2: min_weight must be at most 0, or "
        r"Holdings.at_most must be at least 5$",
    ),
    (
        {"max_weight": 0.3, "limits": [Holdings(at_most=2)]},
        r"max_weight = 0.3, Holdings.at_most = 2: max_weight must be at least 0.5, or "
        r"Holdings.at_most must be at least 4$",
    ),
    (
        {"max_weight": 0.45, "limits": [Holdings(min_position=0.35)]},
        r"max_weight = 0.45, Holdings.min_position = 0.35: max_weight must be at least 0.5, or "
        r"Holdings.min_position must be at most 0.3333$",
    ),
    (
        {"max_weight": 0.4, "limits": [Holdings(at_most=2, min_position=0.3)]},
        r"max_weight must be at least 0.5, or Holdings.at_most must be at least 3$",
    ),
    (
        {
            "limits": [
                Holdings(at_most=1),
                Group("x", AB, at_most=0.5),
                Group("y", CDE, at_most=0.9),
            ]
        },
        r"Holdings.at_most must be at least 2, or Group\('x'\).at_most must be at least 1, or "
        r"Group\('y'\).at_most must be at least 1$",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), CONFLICTS, ids=[m for _, m in CONFLICTS])
def test_conflicts_are_named_with_the_nearest_bounds(arguments: Arguments, message: str) -> None:
    assert re.search(message, check(arguments)), complaint(arguments)


def test_a_loss_that_no_weights_avoid_names_the_least() -> None:
    returns = returns_of()
    least = -float(textbook.world_of(returns).means["bear"].max())
    text = check({"limits": [RegimeLoss("bear", least - 0.05)]}, returns)
    ((_, side, bound),) = remedies(text)[0]
    assert side == "at least"
    assert bound == pytest.approx(least, abs=1e-4)


# One company under several limits


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_weight": 0.3, "limits": [Group("g", ["A"], at_least=0.5)]},
        {"limits": [Group("g", ["A"], at_least=0.5), Group("h", ["A"], at_most=0.2)]},
        {"min_weight": 0.15, "layer_caps": {"solo": 0.1}},
        {"max_weight": 0.2, "limits": [Group("g", ["A"], at_most=0.1)]},
        {"min_weight": 0.1, "limits": [Group("g", ["A"], at_least=0.9)]},
        {"min_weight": 0.1, "limits": [Exposure("e", {"B": -2.0}, at_least=-0.1)]},
    ],
)
def test_a_limit_on_one_company_is_blamed_by_its_own_name(arguments: Arguments) -> None:
    text = check(arguments)
    told = {one.argument for one in polyhedron_of(arguments, returns_of()).bounds if one.told}
    assert set(named(text)) == told
    assert {move[0][0] for move in remedies(text)} == told


# What is usual, and what is idle


def test_what_nobody_asked_for_is_not_blamed() -> None:
    """Floors of 0 and caps of 1 are in the way of this exposure, and are usual."""
    text = check({"limits": [Exposure("b", {"A": 1.0, "B": -1.0}, at_least=1.2)]})
    assert named(text) == ["Exposure('b').at_least"]
    assert [moves[0][0] for moves in remedies(text)] == ["Exposure('b').at_least"]


def test_ties_of_holdings_are_not_blamed() -> None:
    arguments: Arguments = {"limits": [Holdings(at_most=2), Leverage(gross=0.5)]}
    assert named(check(arguments)) == ["Leverage.gross"]


@pytest.mark.parametrize(
    "idle", [Turnover(2.0, {"E": 1.0}), Leverage(gross=2.0), Holdings(at_most=5)], ids=repr
)
def test_an_idle_limit_hides_no_remedy(idle: Any) -> None:
    """Its auxiliaries reach as far as the weights do once a cap gives way."""
    arguments: Arguments = {"max_weight": 0.25, "limits": [Group("x", AB, at_least=0.8)]}
    wider = {**arguments, "limits": [*arguments["limits"], idle]}
    assert check(wider) == check(arguments)


def test_a_floor_that_gives_way_leaves_the_cap_of_1() -> None:
    """A weight above 1 takes a cap above 1, which nobody asked for."""
    tilt = Exposure("b", {"A": 1.0, "B": -1.0}, at_least=1.2)
    text = check({"min_weight": 0.05, "limits": [tilt]})
    assert (("min_weight", "at most", -0.2),) in [tuple(moves) for moves in remedies(text)]


def test_large_numbers_are_told_to_the_last_digit_that_counts() -> None:
    worth = dict(zip(TICKERS, [3.1e6, 2.2e6, 1.1e6, 1.7e6, 1234564.9], strict=True))
    text = check({"max_weight": 0.25, "limits": [Exposure("cap", worth, at_least=2.6e6)]})
    assert [moves[0][2] for moves in remedies(text)] == [0.4737, pytest.approx(2058641.2249)]


def test_several_that_must_give_way_together_do() -> None:
    caps = [Group("x", AB, at_most=0.2), Group("y", CDE, at_most=0.1)]
    arguments: Arguments = {"max_weight": 0.21, "limits": caps}
    text = complaint(arguments)
    check(arguments)
    assert [len(moves) for moves in remedies(text)] == [2]
