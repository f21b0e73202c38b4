"""Days of news: signs of what is said in advance, the statistics, and the page as written."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "events.md"
EVENTS = SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "events.py")))
RANKS, NEWS = EVENTS.RANKS, EVENTS.NEWS
PARTS = (*EVENTS.PARTS, "deepseek")
NUMBER = re.compile(r"[+\N{MINUS SIGN}]?\d+(?:\.\d+)?")
SUPPLIERS = ["accelerators", "foundry", "memory", "networking", "servers", "power_equipment"]


@pytest.fixture(scope="module")
def found(posterior: ms.Posterior, prices: ms.prices.Prices) -> SimpleNamespace:
    """One simulation of all kinds of news."""
    study: SimpleNamespace = EVENTS.study(posterior, prices)
    return study


@pytest.fixture(scope="module")
def by_layer(found: SimpleNamespace) -> pd.DataFrame:
    """What each kind of news is worth, mean by layer."""
    mean: pd.DataFrame = found.worth.groupby(found.layer).mean()
    return mean


def part(name: str) -> str:
    """What stands between the markers of a part."""
    begin, end = f"<!-- events {name}: begin -->", f"<!-- events {name}: end -->"
    return PAGE.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


def sellers(posterior: ms.Posterior, layer: str) -> list[str]:
    """Companies with a line that draws on a layer."""
    book = posterior.knowledge.universe.revenue_map
    drawn = book.owner @ book.share[:, book.layers.index(layer)]
    return [ticker for ticker, share in zip(book.companies, drawn, strict=True) if share > 0.0]


# ------------------------------------------------------------------- what the days are


def test_days_have_moves_and_kinds_have_shifts(facts: ms.Knowledge) -> None:
    kinds = set(tomllib.loads(EVENTS.KINDS.read_text(encoding="utf-8")))
    assert {kind for _, kind, _ in NEWS.DAYS} == kinds | {"efficiency"}
    days = [day for day, _, _ in [*NEWS.DAYS, *NEWS.CONTROLS]]
    assert len(set(days)) == len(days)
    known = facts.select("one_day_move")["date"].dt.strftime("%Y-%m-%d")
    assert set(days) < set(known)
    assert NEWS.days_of(NEWS.INELASTIC) == [("2025-01-27", NEWS.INELASTIC, 1)]


def test_controls_have_the_sign_of_the_market(found: SimpleNamespace) -> None:
    for day, _, sign in NEWS.CONTROLS:
        assert np.sign(found.market[day]) == sign, day


# ------------------------------------------------------------------- signs


def test_more_use_cheaper_capital_and_debt_sell_more_equipment(by_layer: pd.DataFrame) -> None:
    assert (by_layer.loc[SUPPLIERS, ["use", "capital", "funding"]] > 0.0).all(axis=None)


def test_a_step_of_efficiency_takes_from_suppliers_where_demand_is_inelastic(
    by_layer: pd.DataFrame,
) -> None:
    assert (by_layer.loc[SUPPLIERS, NEWS.INELASTIC] < 0.0).all()
    others = by_layer.drop("own_use")  # whose gain hangs on tokens, not on what is paid for them
    assert (others["efficiency"] > others[NEWS.INELASTIC]).all()


def test_scarce_power_pays_generators_most_and_who_buys_it_nothing(by_layer: pd.DataFrame) -> None:
    power = by_layer["power"]
    assert power.idxmax() == "electricity"
    assert power["electricity"] > 0.0
    assert power[["cloud", "own_use"]].max() < 0.0


def test_own_chips_take_from_merchants_and_give_to_those_who_make_them(
    found: SimpleNamespace, posterior: ms.Posterior
) -> None:
    assert found.worth.loc[sellers(posterior, "gpu"), "integration"].max() < 0.0
    assert found.worth.loc[sellers(posterior, "asic"), "integration"].min() > 0.0


def test_export_controls_take_from_merchants(
    found: SimpleNamespace, posterior: ms.Posterior
) -> None:
    assert found.worth.loc[sellers(posterior, "gpu"), "export"].max() < 0.0
    assert found.worth.loc[sellers(posterior, "foundry"), "export"].max() < 0.0


# ------------------------------------------------------------------- statistics


def test_what_beta_leaves_is_the_correlation_of_residuals() -> None:
    chance = np.random.default_rng(1)
    score, moves, beta = (pd.Series(chance.normal(size=30)) for _ in range(3))
    ranks = [np.asarray(x.rank()) for x in (score, moves)]
    base = np.column_stack([np.ones(30), beta.rank()])
    left = [y - base @ np.linalg.lstsq(base, y, rcond=None)[0] for y in ranks]
    assert RANKS.beyond(score, moves, beta) == pytest.approx(np.corrcoef(*left)[0, 1])


@pytest.mark.parametrize("sign", [1, -1])
def test_chance_is_least_where_ranks_agree_and_most_where_they_do_not(sign: int) -> None:
    """A day of opposite news is turned over; companies that were not listed count nowhere."""
    names = [f"C{i}" for i in range(12)]
    score = pd.Series(np.arange(12.0), names)
    moves = pd.DataFrame([score**3], index=["day"]).assign(C0=np.nan)
    s = SimpleNamespace(worth=pd.DataFrame({"kind": sign * score}), moves=moves)
    assert RANKS.chance(s, [("day", "kind", sign)]) == pytest.approx(1.0 / (RANKS.SHUFFLES + 1))
    assert RANKS.chance(s, [("day", "kind", -sign)]) == 1.0
    assert RANKS.alike(s.worth["kind"], RANKS.moved(s, ("day", "kind", sign))) == 1.0


# ------------------------------------------------------------------- the page


def test_what_the_page_says_in_words_is_so(found: SimpleNamespace, by_layer: Any) -> None:
    """Its prose is not written afresh: should one of these fail, read the page again."""
    by: Any = pd.DataFrame([RANKS.compared(found, case) for case in NEWS.DAYS])
    kind: Any = by.groupby([kind for _, kind, _ in NEWS.DAYS]).mean()
    assert by["value"].mean() < by["by beta"].mean()
    for column in ("beyond beta", "without the named"):
        assert 1.5 < by[column].mean() / by[column].sem() < 4.0
    best = kind["beyond beta"].drop("efficiency").nlargest(2)
    assert list(best.index) == ["integration", "power"]
    assert kind.loc["integration", "without the named"] > 0.3
    assert abs(kind.loc["capital", "beyond beta"]) < 0.15
    assert kind.loc["funding", "value"] < 0.0 < kind.loc["funding", "revenue"]
    assert abs(by_layer.loc["cloud", "capital"]) < 0.03, "what is built earns what is asked"
    assert by_layer.loc["cloud", "funding"] < -0.02, "who owns fleets gains from scarce debt"
    assert by_layer.loc["own_use", ["efficiency", NEWS.INELASTIC]].between(0.05, 0.15).all()
    assert (found.worth[["power", "export"]].abs() < 0.03).all(axis=None)


def test_on_days_of_tariffs_it_says_little(found: SimpleNamespace) -> None:
    for kind in found.worth:
        moves = (RANKS.moved(found, case) for case in NEWS.CONTROLS)
        said = [RANKS.beyond(found.worth[kind], m, found.beta) for m in moves]
        assert abs(np.mean(said)) < 0.25, kind


def numbers(text: str) -> list[float]:
    return [float(n.replace("\N{MINUS SIGN}", "-")) for n in NUMBER.findall(text)]


def same(name: str, now: str) -> None:
    """Within some hundredths of a correlation and tenths of a per cent."""
    written = part(name)
    assert [line.count("|") for line in written.splitlines()] == [
        line.count("|") for line in now.splitlines()
    ], "run `python docs/events.py`"
    np.testing.assert_allclose(
        numbers(written), numbers(now), rtol=0.05, atol=0.25, err_msg="run `python docs/events.py`"
    )


@pytest.mark.parametrize("name", [name for name in EVENTS.PARTS if name != "misses"])
def test_the_page_says_what_the_script_says(found: SimpleNamespace, name: str) -> None:
    """`python docs/events.py` writes the page afresh; companies at the ends may change places."""
    same(name, EVENTS.PARTS[name](found))


@pytest.mark.slow
def test_deepseeks_day_is_what_it_was_on_its_friday(found: SimpleNamespace) -> None:
    friday = EVENTS.on_its_friday()
    same("deepseek", EVENTS.deepseek_part(found, friday))
    moves = RANKS.moved(found, NEWS.days_of("efficiency")[0])
    assert RANKS.alike(friday[NEWS.INELASTIC], moves) > 0.5
    assert abs(RANKS.alike(friday["efficiency"], moves)) < 0.3


def test_every_part_has_its_place_in_the_page() -> None:
    assert all(part(name) for name in PARTS)
    page = PAGE.read_text(encoding="utf-8")
    assert EVENTS.filled(page, {name: part(name) for name in PARTS}) == page
