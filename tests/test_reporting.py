"""The report says what the numbers say, runs nothing, fetches nothing, and never varies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from jinja2 import UndefinedError

from marketsim.allocation import CVaR, frontier
from marketsim.backtesting import BacktestResult
from marketsim.backtesting.measures import measures, wealth
from marketsim.derivatives import ReverseStress
from marketsim.derivatives.stressed import StressedWorld
from marketsim.derivatives.tilted import TiltedDraws
from marketsim.errors import DataError
from marketsim.model.units import LIMITS
from marketsim.reporting import RunContents, write_backtest_report, write_report
from marketsim.reporting.backtest_figures import top_weights
from marketsim.reporting.backtest_page import backtest_html, shares, turnover
from marketsim.reporting.decision_section import (
    UNPULLED,
    alternatives_sentence,
    alternatives_table,
    edge_sentence,
    parts_table,
    reasons_sentence,
    reasons_table,
)
from marketsim.reporting.evidence import width_of_worlds
from marketsim.reporting.firmness import firm_sentence
from marketsim.reporting.formats import (
    amount,
    few,
    join,
    number,
    percent,
    quantity,
    readable,
    usd_bn,
)
from marketsim.reporting.narrative import story
from marketsim.reporting.outlook_section import binding_panels, outlook_table, outside_table
from marketsim.reporting.page import _unheld, report_html
from marketsim.reporting.palette import (
    INK,
    LAYERS,
    diverging,
    limit_colour,
    luminance,
    regime_styles,
    text_on,
)
from marketsim.reporting.panels import BOTTOM, TOP, fan_panel
from marketsim.reporting.paradox_section import (
    paradox_legend,
    paradox_panels,
    paradox_sentence,
    paradox_table,
)
from marketsim.reporting.regime_story import flagship_revenue, regime_returns
from marketsim.reporting.stress_section import (
    losers_table,
    movers_table,
    odds_table,
    stress_sentence,
    world_sentence,
    worlds_table,
)
from marketsim.reporting.svg import Scale, calendar, days, spread, tag, ticks
from marketsim.reporting.tables import (
    allocation_table,
    apart_table,
    fit_table,
    growth_regimes,
    information_table,
    neutral_table,
    regime_table,
    slowest_regime,
    top_assumptions,
)
from marketsim.reporting.tables import valuation_table as valuation_table_of_assumptions
from marketsim.reporting.template import render
from marketsim.reporting.value_section import (
    assumed_sentence,
    value_figure,
    value_legend,
    value_sentence,
    value_table,
)
from marketsim.returns import ReturnScenarios

UNIVERSE = {
    "NVDA": ("NVIDIA", "accelerators", 52.0),
    "AMD": ("AMD", "accelerators", 9.2),
    "AVGO": ("Broadcom", "accelerators", 17.0),
    "MRVL": ("Marvell", "accelerators", 2.1),
    "TSM": ("TSMC", "foundry", 33.0),
    "ASML": ("ASML", "foundry_equipment", 9.5),
    "MU": ("Micron", "memory", 11.3),
    "ANET": ("Arista", "networking", 2.3),
    "CSCO": ("Cisco", "networking", 14.7),
    "COHR": ("Coherent", "networking", 1.6),
    "CIEN": ("Ciena", "networking", 1.3),
    "SMCI": ("Super Micro", "servers", 5.7),
    "DELL": ("Dell", "servers", 29.0),
    "HPE": ("HPE", "servers", 9.1),
    "VRT": ("Vertiv", "power_equipment", 2.7),
    "ETN": ("Eaton", "power_equipment", 7.0),
    "GEV": ("GE Vernova", "power_equipment", 10.0),
    "CEG": ("Constellation", "electricity", 6.6),
    "VST": ("Vistra", "electricity", 5.0),
    "TLN": ("Talen", "electricity", 0.8),
    "NRG": ("NRG", "electricity", 7.4),
    "EQIX": ("Equinix", "leases", 2.3),
    "DLR": ("Digital Realty", "leases", 1.6),
    "IRM": ("Iron Mountain", "leases", 1.7),
    "AMZN": ("Amazon", "cloud", 180.0),
    "MSFT": ("Microsoft", "cloud", 77.0),
    "GOOGL": ("Alphabet", "cloud", 102.0),
    "META": ("Meta", "own_use", 51.0),
    "ORCL": ("Oracle", "cloud", 15.0),
    "CRWV": ("CoreWeave", "cloud", 1.4),
}
WEIGHTS = {
    "TSM": 0.15,
    "GEV": 0.1312,
    "AVGO": 0.12,
    "CEG": 0.1088,
    "NVDA": 0.1,
    "MSFT": 0.095,
    "VRT": 0.08,
    "EQIX": 0.07,
    "ANET": 0.06,
    "GOOGL": 0.05,
    "ETN": 0.035,
}
REGIMES = {"bear": (0.25, 0.006), "base": (0.5, 0.032), "bull": (0.25, 0.058)}
HISTORY = pd.date_range("2022-06-30", periods=15, freq="QE")
FUTURE = pd.date_range("2026-03-31", periods=20, freq="QE")
DATA_CENTRE = [
    3.8,
    3.8,
    3.6,
    4.3,
    10.3,
    14.5,
    18.4,
    22.6,
    26.3,
    30.8,
    35.6,
    39.1,
    41.1,
    51.2,
    57.0,
]


def _fan(last: float, growth: float, width: float) -> pd.DataFrame:
    """Percentiles of a lognormal whose spread grows with the square root of time."""
    steps = np.arange(1, len(FUTURE) + 1)
    scores = {"p05": -1.645, "p25": -0.674, "p50": 0.0, "p75": 0.674, "p95": 1.645}
    middle = last * np.exp(growth * steps)
    return pd.DataFrame(
        {name: middle * np.exp(score * width * np.sqrt(steps)) for name, score in scores.items()}
    ).assign(quarter_end=FUTURE)


def _rows(last: float, tilt: float, width: float, past: np.ndarray[Any, Any]) -> pd.DataFrame:
    reported = pd.DataFrame({"regime": "reported", "quarter_end": HISTORY, "p50": past})
    fans = [
        _fan(last, rate * tilt - 0.004, width).assign(regime=regime)
        for regime, (_, rate) in REGIMES.items()
    ]
    return pd.concat([reported, *fans], ignore_index=True)


def make_contents() -> RunContents:
    """A plausible run: 30 companies, 3 regimes, 15 quarters behind and 20 ahead."""
    random = np.random.default_rng(7)
    revenue = []
    for ticker, (_, layer, last) in UNIVERSE.items():
        slow = layer in {"cloud", "electricity", "leases"}
        past = last * np.exp(
            np.linspace(-0.5 if slow else -0.9, 0, 15) + random.normal(0, 0.03, 15)
        )
        past = np.asarray(DATA_CENTRE) * 1.12 if ticker == "NVDA" else past
        rows = _rows(float(past[-1]), 0.6 if slow else 1.0, 0.025 if slow else 0.05, past)
        revenue.append(rows.assign(ticker=ticker))
    world = [
        _rows(last, tilt, 0.04, last * np.exp(np.linspace(-back, 0, 15))).assign(
            quantity=name, unit=unit
        )
        for name, unit, last, tilt, back in [
            ("installed fleet", "M H100e", 22.0, 1.5, 2.6),
            ("rental price", "USD per H100e-hour", 1.9, -0.8, -1.2),
            ("capital spending", "USD bn", 118.0, 1.0, 1.3),
            ("power", "GW", 24.0, 0.9, 1.4),
            ("inference share of compute", "fraction", 0.63, 0.15, 0.25),
            ("token price", "index, 2025 Q4 = 1", 1.0, -3.0, -3.0),
        ]
    ]
    fit, paths = _fit(random)
    return RunContents(
        meta={
            "as_of": "2025-12-31",
            "draws": 10_000,
            "seed": 0,
            "horizon_years": 1.0,
            "objective": "make the expected return less twice the conditional value at risk as "
            "large as possible, with at most 15 % in one company and 40 % in one layer",
            "price_source": "embedded snapshot of 2025-12-31",
            "facts_digest": "5f0c9e4b7a1d2c3e5f0c9e4b7a1d2c3e5f0c9e4b7a1d2c3e5f0c9e4b7a1d2c3e",
            "git_commit": "0123abcd",
            "versions": {
                "marketsim": "0.1.0",
                "python": "3.11.7",
                "jax": "0.8.0",
                "cvxpy": "1.7.3",
            },
        },
        allocation=_allocation(),  # type: ignore[arg-type]
        scenarios=_scenarios(),
        revenue_fan=pd.concat(revenue, ignore_index=True),
        world_fan=pd.concat(world, ignore_index=True),
        fit=fit,
        fit_paths=paths,
        sensitivities=_sensitivities(random),
        names={ticker: name for ticker, (name, _, _) in UNIVERSE.items()},
        layers={ticker: layer for ticker, (_, layer, _) in UNIVERSE.items()},
        flagship="NVDA.data_center",
        outlook=_outlook(),
        binding=_binding(),
        value=_value(),
        valuation=ASSUMED,
        reasons=_reasons(),
        prospects=PROSPECTS,
    )


PROSPECTS = pd.DataFrame(
    {
        "median": 0.084,
        "p05": -0.36,
        "p95": 0.77,
        "chance_of_loss": 0.402,
        "chance_below_cash": 0.441,
        "chance_above_benchmark": 0.558,
        "excess_over_volatility": 0.2549,
    },
    index=["chosen"],
)


ASSUMED = pd.DataFrame({"value": {"risk_free": 0.042, "equity_premium": 0.045, "pull": 0.02}})


def _value() -> pd.DataFrame:
    """Companies from 0.3 to 3 times the market, evenly in logs, and one whose value is unknown."""
    ratio = np.append(np.geomspace(3.0, 0.3, len(UNIVERSE) - 1), np.nan)
    random = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "market_cap": 900.0,
            "value_over_market": ratio,
            "middle_over_market": 0.9 * ratio,
            "model_growth": 0.12,
            "implied_growth": 0.31,
            "model_margin": 0.4,
            "implied_margin": np.where(ratio < 0.4, np.nan, 0.55),
            "margin_shortfall": np.where(np.arange(len(ratio)) == len(ratio) - 2, 0.15, np.nan),
            "enterprise_over_profit": 22.47,
            "expected_return": 0.109,
            "carry": 0.12,
            "regimes": -0.002,
            "pull": -0.009,
            "gaps": "",
            "company": "text that no figure is made of",
        },
        index=list(UNIVERSE),
    )
    table.loc["NVDA", "gaps"] = "gross profit, tax_rate"
    return table.loc[random.permutation(table.index)]


def _reasons() -> pd.DataFrame:
    """One at its cap, one that is notable for its absence, one of which there is nothing to say."""
    rows = {
        "TSM": ("held", 0.15, 0.141, 0.022, 0.31, "at its cap; in 5 % of worlds it makes -62.0 %"),
        "NVDA": ("benchmark", 0.0, 0.13, -0.013, 0.0, "not held for its risk"),
        "HPE": ("", 0.0, 0.01, -0.1, 0.0, "not held for its return"),
    }
    columns = ["notable", "weight", "expected_return", "reduced_cost", "risk_share", "sentence"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _outlook() -> pd.DataFrame:
    """Three years of two quantities: one above a ceiling, one within a range."""
    power = {"quantity": "power of the AI fleet", "unit": "GW", "published_low": np.nan}
    share = {"quantity": "inference share", "unit": "percent", "published_low": 40.0}
    rows = [
        {**power, "median": 90.0, "published_high": 84.0, "outside": "above"},
        {**share, "median": 55.0, "published_high": 66.0, "outside": ""},
    ]
    return pd.DataFrame(
        {**row, "regime": regime, "year": year, "p10": 20.0, "p90": 99.0, "source": "Somebody 2025"}
        for regime in REGIMES
        for year in (2025, 2026, 2027)
        for row in rows
    )


def _binding() -> pd.DataFrame:
    """Power gives way to demand over two years."""
    ends = pd.date_range("2026-03-31", periods=8, freq="QE")
    power = np.linspace(0.8, 0.1, 8)
    shares = pd.DataFrame({"quarter_end": ends, "demand": 1.0 - power, "power": power})
    return pd.concat([shares.assign(regime=regime) for regime in REGIMES], ignore_index=True)


def _allocation() -> SimpleNamespace:
    weights = pd.Series(WEIGHTS).reindex(list(UNIVERSE), fill_value=0.0)
    by_scenario = pd.DataFrame(
        {
            "probability": [0.25, 0.5, 0.25],
            "expected_return": [-0.118, 0.094, 0.243],
            "volatility": [0.221, 0.208, 0.226],
            "VaR": [0.43, 0.232, 0.106],
            "CVaR": [0.497, 0.297, 0.168],
            "worst": [-0.71, -0.586, -0.44],
        },
        index=list(REGIMES),
    )
    return SimpleNamespace(
        weights=weights,
        objective=-0.62,
        terms="ExpectedReturn() - 2 * CVaR(0.95)",
        risk=pd.Series(
            {
                "expected_return": 0.078,
                "volatility": 0.249,
                "VaR_95": 0.301,
                "CVaR_95": 0.372,
                "worst": -0.71,
            }
        ),
        by_scenario=by_scenario,
        duals=pd.Series(
            {
                "budget": 0.3,
                "max_weight[TSM]": 0.041,
                "layer_caps[power_equipment]": 0.02,
                "max_weight[MU]": 0.0,
            }
        ),
        status="optimal",
        solver="HIGHS",
        certificate=SimpleNamespace(residual=1e-12, gap=1e-9),
    )


def _scenarios() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "probability": [probability for probability, _ in REGIMES.values()],
            "thesis": [
                "Demand saturates while efficiency keeps improving: rents fall below running cost, "
                "old fleets are stranded and capital spending halves.",
                "Efficiency and demand keep pace: compute gets cheaper by a third a year and "
                "spending still grows, held back by power.",
                "Agents and reasoning raise tokens per task faster than efficiency lowers their "
                "cost; every watt that can be energised is sold.",
            ],
            "shifts": [
                "demand elasticity: 0.7 (base 1.15)\nhurdle rate: 0.16 (base 0.11)\n"
                "tokens per task growth: 0.4 a year (base 0.9)",
                "none: the posterior as calibrated",
                "demand elasticity: 1.5 (base 1.15); power queue: 3.9 years (base 3.1)",
            ],
        },
        index=list(REGIMES),
    )


def _fit(random: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    series = {
        "NVDA.data_center": ("USD bn", 57.0, 0.09, "sourced"),
        "quarterly_revenue AMD.data_center": ("USD bn", 4.3, 0.13, "unverified"),
        "quarterly_revenue TSM.hpc": ("USD bn", 19.0, 0.11, "derived"),
        "quarterly_revenue MU.total": ("USD bn", 11.3, 0.34, "sourced"),
        "quarterly_revenue AMZN.aws": ("USD bn", 33.0, 0.05, "sourced"),
        "quarterly_capex MSFT": ("USD bn", 34.9, 0.17, "sourced"),
        "quarterly_capex GOOGL": ("USD bn", 24.0, 0.15, "sourced"),
        "installed_h100e all": ("M H100e", 22.0, 0.12, "sourced"),
        "gpu_rental_price H100": ("USD per H100e-hour", 1.9, 0.28, "sourced"),
    }
    paths = []
    for name, (_, last, spread_, _) in series.items():
        reported = (
            np.asarray(DATA_CENTRE)
            if "NVDA" in name
            else last * np.exp(np.linspace(-1.1, 0, 15) + random.normal(0, 0.04, 15))
        )
        modelled = reported * np.exp(0.6 * spread_ * np.sin(np.arange(15) / 2.2 + 1))
        paths.append(
            pd.DataFrame(
                {
                    "series": name,
                    "quarter_end": HISTORY,
                    "reported": reported,
                    "modelled": modelled,
                }
            )
        )
    rows = [
        {
            "series": name,
            "unit": unit,
            "n": 15,
            "rmse_log": error,
            "bias_log": error / 4 - 0.03,
            "last_reported": float(path["reported"].iloc[-1]),
            "last_modelled": float(path["modelled"].iloc[-1]),
            "confidence": confidence,
        }
        for (name, (unit, _, error, confidence)), path in zip(series.items(), paths, strict=True)
    ]
    return pd.DataFrame(rows), pd.concat(paths, ignore_index=True)


def _sensitivities(random: np.random.Generator) -> pd.DataFrame:
    rows = {
        "demand_elasticity": (
            "1",
            1.15,
            0.25,
            0.061,
            "how demand for tokens answers to their price",
        ),
        "hurdle_rate": (
            "per year",
            0.11,
            0.02,
            -0.048,
            "return that owners of data centres ask for",
        ),
        "adoption_speed": (
            "per year",
            0.8,
            0.2,
            0.043,
            "how fast firms take up inference",
        ),
        "tokens_per_task_growth": (
            "per year",
            0.9,
            0.3,
            0.031,
            "growth of tokens in one answer",
        ),
        "power_queue": (
            "years",
            3.1,
            0.6,
            -0.022,
            "from application to energised capacity",
        ),
        "algorithmic_efficiency": (
            "per year",
            1.1,
            0.3,
            0.019,
            "growth of quality per FLOP",
        ),
        "gpu_price_performance": (
            "per year",
            0.35,
            0.06,
            -0.014,
            "growth of compute per dollar",
        ),
        "accelerator_margin": (
            "fraction",
            0.74,
            0.03,
            0.012,
            "gross margin of accelerator makers",
        ),
        "porting_cost": (
            "1",
            0.6,
            0.2,
            0.008,
            "cost of leaving an incumbent's software",
        ),
        "asic_share_growth": (
            "per year",
            0.12,
            0.05,
            -0.006,
            "pace of hyperscalers' own silicon",
        ),
        "attrition": ("per year", 0.05, 0.02, -0.004, "chips that fail"),
        "electricity_price": (
            "USD per kWh",
            0.075,
            0.01,
            -0.002,
            "paid by data centres",
        ),
        "training_share": (
            "fraction",
            0.37,
            0.05,
            0.0004,
            "share of compute spent on training",
        ),
    }
    table = pd.DataFrame.from_dict(
        rows,
        orient="index",
        columns=["unit", "value", "sd", "portfolio_per_sd", "meaning"],
    )
    size = table["portfolio_per_sd"].to_numpy(float)[:, None]
    effect = size * random.normal(1.3, 0.7, (len(table), len(UNIVERSE)))
    columns = [f"value_{ticker}_per_sd" for ticker in UNIVERSE]
    return table.join(pd.DataFrame(effect, index=table.index, columns=columns))


# The tenth, `flood`, is unlikely and grows least at once; `drought` ends lowest.
OTHERS = {
    "split": (0.09, 1.01, 0.12),
    "captive": (0.08, 0.98, 0.11),
    "novel_chips": (0.07, 1.03, 0.13),
    "squeeze": (0.06, 1.1, 0.31),
    "shock": (0.05, 0.96, 0.07),
    "drought": (0.04, 0.9, -0.21),
    "flood": (0.01, 0.93, 0.05),
}


def make_many() -> RunContents:
    """The same run with ten regimes: the three at 60 per cent, seven others spun off `base`."""
    calm = make_contents()
    choice, base = SimpleNamespace(**vars(calm.allocation)), calm.allocation.by_scenario.loc["base"]
    own = {
        name: base.to_dict() | {"probability": odds, "expected_return": mean}
        for name, (odds, _, mean) in OTHERS.items()
    }
    three = calm.allocation.by_scenario.assign(probability=lambda t: 0.6 * t["probability"])
    choice.by_scenario = pd.concat([three, pd.DataFrame.from_dict(own, orient="index")])
    odds = choice.by_scenario["probability"]
    added = pd.DataFrame(
        {"probability": odds[list(OTHERS)], "thesis": "Another world.", "shifts": "none"}
    )
    return replace(
        calm,
        allocation=choice,  # type: ignore[arg-type]
        scenarios=pd.concat([calm.scenarios, added]).assign(probability=odds),
        revenue_fan=_spun_off(calm.revenue_fan),
        world_fan=_spun_off(calm.world_fan),
    )


def _spun_off(fan: pd.DataFrame) -> pd.DataFrame:
    """The fan with a copy of `base` for each other regime, scaled more and more with time."""
    base = fan[fan["regime"] == "base"]
    shares = ["p05", "p25", "p50", "p75", "p95"]
    years = (base["quarter_end"] - HISTORY[-1]).dt.days.to_numpy() / 365.25
    spun = []
    for regime, (_, factor, _) in OTHERS.items():
        # `flood` falls at once and then stays; the rest drift apart.
        scale = np.full_like(years, 0.8) if regime == "flood" else factor**years
        scaled = {name: base[name] * scale for name in shares}
        spun.append(base.assign(**scaled, regime=regime))
    return pd.concat([fan, *spun], ignore_index=True)


def make_backtest() -> BacktestResult:
    """Two years of a drifting portfolio of four companies, traded every month."""
    random = np.random.default_rng(3)
    dates = pd.bdate_range("2023-01-02", "2024-12-31", name="date")
    tickers = ["NVDA", "MSFT", "VST", "EQIX"]
    moves = pd.DataFrame(random.normal(0.0006, 0.015, (len(dates), 4)), dates, tickers)
    monthly = dates[np.flatnonzero(np.diff(dates.month, prepend=0))]
    weights = pd.DataFrame(random.dirichlet([4, 3, 2, 1], len(monthly)), monthly, tickers)
    trades = weights.diff().fillna(weights)
    costs = (0.001 * trades.abs().sum(axis=1)).reindex(dates, fill_value=0.0)
    held = weights.reindex(dates, method="ffill")
    returns = (held.shift().fillna(0.0) * moves).sum(axis=1) - costs
    equal = moves.mean(axis=1).where(dates > dates[0], 0.0)
    still = pd.Series(0.0, dates)
    summary = {
        "paradox_cvar": measures(returns, still, trades, costs),
        "equal weight": measures(equal, still, 0.0 * trades, 0.0 * costs),
    }
    gains = (held.shift().fillna(0.0) * moves).mul(wealth(returns).shift(fill_value=1.0), axis=0)
    return BacktestResult(
        strategy="paradox_cvar",
        weights=weights,
        trades=trades,
        costs=costs,
        returns=returns,
        equal_weight=equal,
        holdings=held.mul(wealth(returns), axis=0),
        cash=still,
        gains=gains.assign(cash=0.0, costs=-costs * wealth(returns)),
        interest=still,
        summary=pd.DataFrame(summary),
        meta={"arguments": {"start": dates[0], "rebalance": "monthly", "cost": 0.001}},
    )


class Page(HTMLParser):
    """What a browser would see: elements, what they would fetch, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """Words parted by single spaces, as a reader sees them."""
        return re.sub(r"\s+", " ", " ".join(self.words))

    @property
    def attributes(self) -> list[tuple[str, str]]:
        return [(key, value or "") for _, own in self.elements for key, value in own.items()]

    @property
    def fetched(self) -> set[str]:
        places = {"src", "srcset", "href", "xlink:href", "action", "poster", "data"}
        return {value for key, value in self.attributes if key in places}


def assert_inert(page: Page) -> None:
    """Every element closes, none runs, none fetches, none listens."""
    tags = {tag for tag, _ in page.elements}
    assert page.open == []
    assert tags.isdisjoint({"script", "img", "iframe", "object", "embed", "image", "use"})
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert page.fetched == {"data:,"}


PAGES = {
    "run": lambda: report_html(make_contents()),
    "ten regimes": lambda: report_html(make_many()),
    "backtest": lambda: backtest_html(make_backtest()),
}


@pytest.fixture(scope="module", params=PAGES)
def html(request: pytest.FixtureRequest) -> str:
    return PAGES[request.param]()


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(report_html(make_contents()))


def test_a_page_is_well_formed_and_runs_and_fetches_nothing(html: str) -> None:
    assert_inert(Page(html))
    for address in ("http:", "https:", "//", "url(", "@import"):
        assert address not in html


def test_a_page_forbids_whatever_it_does_not_carry(html: str) -> None:
    policy = next(own for _, own in Page(html).elements if own.get("http-equiv"))
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert str(policy["content"]).startswith("default-src 'none'")


def test_a_page_stays_far_below_a_megabyte(html: str) -> None:
    assert len(html.encode()) < 400_000


def test_no_number_of_a_page_is_broken(html: str) -> None:
    assert not re.search(r"\bnan\b|\binf\b|\bNone\b|\bNaT\b", html)


def test_a_page_is_no_advice_and_owns_up_to_hindsight(html: str) -> None:
    text = Page(html).text
    assert "Not investment advice" in text
    assert "hindsight" in text


def test_the_same_contents_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_report(tmp_path / "a" / "report.html", make_contents())
    second = write_report(tmp_path / "b.html", make_contents())
    assert first.read_bytes() == second.read_bytes()
    assert [file.name for file in first.parent.iterdir()] == ["report.html"]


def test_the_same_backtest_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_backtest_report(tmp_path / "a.html", make_backtest())
    second = write_backtest_report(tmp_path / "b.html", make_backtest())
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    "said",
    [
        "holds 11 of the 30 companies",
        "TSMC (15.0 %, foundry)",
        "nothing of foundry equipment, memory, own use or servers",
        "more of TSMC and the layer power equipment if the caps allowed",
        "as large as possible, with at most 15 % in one company",
        "expected to return +7.8 %",
        "in the middle world; −36 % to +77 % in nine of ten +8.4 %",
        "chance of a loss 40 %",
        "chance to return more than the benchmark 56 %",
        "The middle world returns +8.4 %, nine in ten between −36 % and +77 %; 40 % of worlds lose "
        "money, 44 % return less than cash and 56 % more than the benchmark. Its excess over cash "
        "is 0.25 of its volatility.",
        "the cost of equity makes +12.0 %, the way back to the model's value −0.9 %",
        "−11.8 % in the bear scenario (25 % likely)",
        "demand elasticity by +6.1 % (how demand for tokens answers to their price)",
        "hurdle rate by −4.8 %",
        "reported USD 188.4bn",
        "two are off by more than 25 %",
        "One of the 9 series rests (quarterly revenue AMD data center) on figures not checked",
    ],
)
def test_the_page_opens_with_the_decision_and_its_reasons(page: Page, said: str) -> None:
    opening = page.text[: page.text.index("The allocation")]
    assert said in opening.replace("\N{NO-BREAK SPACE}", " ")


RANGES = pd.DataFrame(
    {
        "lowest": {t: 0.6 * w if w > 0.1 else 0.0 for t, w in WEIGHTS.items()},
        "highest": dict.fromkeys(WEIGHTS, 0.15),
    }
)


def test_firm_weights_are_told_from_those_that_could_be_others() -> None:
    contents = replace(make_contents(), ranges=RANGES)
    said = firm_sentence(contents).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "Among portfolios that come within 0.1 points of the best, TSMC (9–15 %), GE Vernova "
        "(8–15 %), Broadcom (7–15 %) and Constellation (7–15 %) are firm; NVIDIA (0–15 %), "
        "Microsoft (0–15 %), Vertiv (0–15 %), Equinix (0–15 %), Arista (0–15 %), Alphabet (0–15 %) "
        "and Eaton (0–15 %) are exchangeable, each by itself."
    )
    table = allocation_table(contents)
    place = [column.label for column in table.columns].index("Within 0.1\N{NO-BREAK SPACE}points")
    assert table.rows[0][place] == "9–15\N{NO-BREAK SPACE}%"
    assert len({len(row) for row in table.rows} | {len(table.columns)}) == 1
    assert said in Page(report_html(contents)).text
    assert firm_sentence(make_contents()) == ""


def test_no_more_is_wanted_of_what_chance_of_the_draws_may_have_made() -> None:
    """At its cap TSMC does better by 2.2 points, of which 0.5 or 1.5 may be chance."""
    reasons = _reasons().assign(error=0.005)
    sure = replace(make_contents(), reasons=reasons)
    assert "more of TSMC and the layer power equipment if the caps" in story(sure)[0].text
    assert reasons_table(sure).rows[0][3].replace("\N{NO-BREAK SPACE}", " ") == "+2.2 ± 0.5"
    unsure = replace(sure, reasons=reasons.assign(error=0.015))
    said = story(unsure)[0].text
    assert "more of the layer power equipment if the caps allowed; of TSMC the draws are" in said


def test_chances_that_are_not_known_go_unsaid() -> None:
    unknown = ["chance_below_cash", "chance_above_benchmark", "excess_over_volatility"]
    bare = replace(make_contents(), prospects=PROSPECTS.assign(**dict.fromkeys(unknown, np.nan)))
    text = Page(report_html(bare)).text
    assert "40 % of worlds lose money." in text
    assert "less than cash" not in text
    assert "more than the benchmark" not in text
    rate = float(np.log1p(0.039))
    named = replace(make_contents(), meta={"cash": {"rate": rate, "name": "bill", "date": None}})
    assert "less than cash (3.9 % a year)" in Page(report_html(named)).text
    without = Page(report_html(replace(bare, prospects=pd.DataFrame()))).text
    assert "expected in the bear scenario" in without


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("a", "a"),
        ("abcd", "a, b, c and d"),
        ("abcde", "a, b, c, d and e"),
        ("abcdef", "a, b, c, d and two others"),
    ],
)
def test_a_lone_other_is_named(names: str, said: str) -> None:
    assert few(list(names)) == said


def test_every_cap_that_holds_back_is_named_where_one_would_be_left_over() -> None:
    contents, choice = make_contents(), _allocation()
    caps = {f"max_weight[{t}]": 0.05 - 0.001 * i for i, t in enumerate(list(WEIGHTS)[:5])}
    choice.duals = pd.Series(caps)
    held_back = replace(contents, allocation=choice)  # type: ignore[arg-type]
    decided = story(held_back)[0].text
    assert "more of TSMC, GE Vernova, Broadcom, Constellation and NVIDIA if" in decided


def test_every_holding_and_every_scenario_is_shown(page: Page) -> None:
    for ticker in WEIGHTS:
        assert re.search(rf"\b{ticker}\b", page.text)
    for thesis in make_contents().scenarios["thesis"]:
        assert thesis in page.text


def test_every_scenario_has_a_selector_and_a_fan_in_every_panel(page: Page) -> None:
    fans = Counter(own["class"] for tag, own in page.elements if tag == "g")
    assert fans == {f"regime k{key}": 9 + 6 for key in range(3)}  # companies and world
    selectors = [own["id"] for tag, own in page.elements if tag == "input"]
    assert selectors == [
        f"{name}-{key}" for name in ("revenue", "world") for key in ("all", 0, 1, 2)
    ]


def test_a_fan_opens_where_history_ends() -> None:
    rows = _rows(60.0, 1.0, 0.05, np.linspace(10.0, 60.0, 15))
    drawn = str(fan_panel(rows, regime_styles(list(REGIMES)), "NVIDIA", "USD bn").figure)
    end = re.search(rf'd="M[^"]*L([\d.]+ [\d.]+)" stroke="{INK}"', drawn)
    starts = re.findall(rf'd="M([\d.]+ [\d.]+)L[^"]*" stroke="(?!{INK})', drawn)
    assert end is not None
    assert starts == [end[1]] * 3


def test_regimes_differ_by_dash_as_well_as_by_colour() -> None:
    styles = regime_styles(["bear", "base", "bull", "export controls", "fragmented"])
    assert len({style.dash for style in styles}) == 5
    assert len({style.colour for style in styles}) == 5


# Machado, Oliveira and Fernandes (2009), table 1, severity 1: linear RGB to what such eyes see.
EYES = {
    "normal": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def _lab(colours: list[str], eyes: Any) -> np.ndarray[Any, Any]:
    """CIE 1976 L*a*b* under D65 of sRGB colours as `eyes` see them."""
    coded = np.asarray([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    to_xyz = np.asarray(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = np.clip(linear @ np.asarray(eyes).T, 0, 1) @ to_xyz.T / to_xyz.sum(axis=1)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize("eyes", EYES.values(), ids=EYES)
def test_ten_regimes_look_different_to_every_kind_of_eye(eyes: Any) -> None:
    styles = regime_styles([*REGIMES, *OTHERS])
    lab = _lab([style.colour for style in styles], eyes)
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)[np.triu_indices(10, 1)]
    assert apart.min() > 15.0  # about 2.3 can just be told apart side by side
    assert len({style.dash for style in styles}) == 10


def test_regimes_are_seen_on_white_and_never_share_colour_and_dash() -> None:
    styles = regime_styles([f"regime {place}" for place in range(40)])
    assert len({(style.colour, style.dash) for style in styles}) == 40
    assert all(1.05 / (luminance(style.colour) + 0.05) >= 3.0 for style in styles)  # WCAG 2


def test_of_ten_regimes_the_table_shows_the_likeliest_and_the_slowest() -> None:
    contents = make_many()
    shown = growth_regimes(contents)
    assert shown == ["bear", "base", "bull", "split", "flood"]  # in the order of the page
    assert contents.growth.loc["TSM"].idxmin() == slowest_regime(contents) == "flood"
    table = allocation_table(contents)
    assert [column.label for column in table.columns[5:]] == [name.capitalize() for name in shown]
    assert {len(row) for row in table.rows} == {len(table.columns)} == {10}


def test_a_caption_says_which_scenarios_a_table_leaves_out(page: Page) -> None:
    said = "Of the 10 scenarios they show the four most probable, and flood, in which the holdings"
    many = Page(report_html(make_many())).text
    assert said in many
    assert "by_scenario.csv has the returns of all" in many
    assert "they show" not in page.text


def test_no_more_growth_columns_than_fit_however_many_regimes() -> None:
    many = make_many()
    for number_of in range(1, 11):
        some = replace(many, scenarios=many.scenarios.iloc[:number_of])
        shown = growth_regimes(some)
        assert shown == some.regimes if number_of <= 4 else len(shown) <= 5


def test_equal_probabilities_keep_the_order_of_the_page_whatever_their_last_digit() -> None:
    calm = make_contents()
    odds = [1 / 3, np.nextafter(1 / 3, 1), 1 / 3]
    equal = replace(calm, scenarios=calm.scenarios.assign(probability=odds))
    assert equal.likeliest(2) == ["bear", "base"]


def test_only_the_three_likeliest_of_ten_have_bands_and_few_have_labels() -> None:
    html = report_html(make_many())
    page = Page(html)
    fans = Counter(own["class"] for tag, own in page.elements if tag == "g")
    banded = {key: "" if key < 3 else " plain" for key in range(10)}
    assert fans == {f"regime k{key}{plain}": 15 for key, plain in banded.items()}
    assert ".all:checked ~ .multiples .plain .inner" in html
    labels = [str(own["class"]) for tag, own in page.elements if tag == "text" and "class" in own]
    ends = [label for label in labels if label.startswith("end ")]
    assert len(ends) == 150
    assert 45 <= sum("silent" not in label for label in ends) <= 75
    assert not re.search(r"\bplain\b(?! text)", PAGES["run"]())


def test_the_highest_and_the_lowest_of_ten_lines_are_labelled() -> None:
    contents = make_many()
    rows = contents.world_fan[contents.world_fan["quantity"] == "capital spending"]
    panel = fan_panel(rows, regime_styles(contents.regimes, ["base"]), "Capital", "USD bn")
    last = rows[rows["quarter_end"] == FUTURE[-1]].set_index("regime")["p50"][contents.regimes]
    loud = re.findall(r'class="end regime k\d+">([^<]+)<', str(panel.figure))
    assert sorted(loud) == sorted({number(x) for x in (last["base"], last.max(), last.min())})


def test_of_ten_regimes_the_prose_names_the_ends_and_the_likeliest() -> None:
    contents = make_many()
    told = regime_returns(contents).replace("\N{NO-BREAK SPACE}", " ")
    assert "the most probable is base (+9.4 %, 30 % likely)" in told
    assert "most in squeeze (+31.0 %, 6 % likely) and bull (+24.3 %, 15 % likely)" in told
    assert "least in drought (−21.0 %, 4 % likely) and bear (−11.8 %, 15 % likely)" in told
    assert "−29.7 % in base and −49.7 % in bear, the lowest of all" in told
    assert not re.search("split|captive|novel|shock|flood", told)
    assert flagship_revenue(contents).count("USD") == 5
    assert flagship_revenue(make_contents()).count("USD") == 3


def test_regimes_whose_difference_may_be_chance_are_not_ranked() -> None:
    """Where the second best and the third may be one, the best alone is named."""
    contents = make_many()

    def told(error: float) -> str:
        table = contents.allocation.by_scenario.assign(error=error)
        return regime_returns(replace(contents, by_regime=table)).replace("\N{NO-BREAK SPACE}", " ")

    assert "the most probable is base (+9.4 %" in told(0.003)
    assert "most in squeeze (+31.0 %, 6 % likely) and bull (+24.3 %" in told(0.003)
    assert "least in drought (−21.0 %, 4 % likely) and bear (−11.8 %" in told(0.003)
    assert "most in squeeze (+31 %, 6 % likely) and bull (+24 %, 15 % likely) and least" in told(
        0.03
    )
    assert "least in drought (−21 %, 4 % likely) and bear (−12 %, 15 % likely). In" in told(0.03)
    close = contents.allocation.by_scenario.assign(error=0.02)
    close.loc["novel_chips", "expected_return"] = 0.24
    said = regime_returns(replace(contents, by_regime=close)).replace("\N{NO-BREAK SPACE}", " ")
    assert "most in squeeze (+31 %, 6 % likely) and least" in said  # bull and novel chips tie


def test_expected_returns_of_regimes_have_their_error_and_the_digits_that_it_leaves() -> None:
    table = make_contents().allocation.by_scenario.assign(error=[0.012, 0.004, np.nan])
    contents = replace(make_contents(), by_regime=table)
    shown = [row[2].replace("\N{NO-BREAK SPACE}", " ") for row in regime_table(contents).rows]
    assert shown == ["−12 % ± 1.2", "+9.4 % ± 0.4", "+24.3 %", "+7.8 %"]
    assert "± their standard error" in Page(report_html(contents)).text
    assert "± their standard error" not in Page(report_html(make_contents())).text


def test_what_is_left_of_zero_is_written_as_zero() -> None:
    rows = _rows(60.0, 1.0, 0.05, np.linspace(10.0, 60.0, 15))
    bear = rows["regime"] == "bear"
    rows.loc[bear, ["p05", "p25", "p50", "p75", "p95"]] = 2.65e-14
    drawn = str(fan_panel(rows, regime_styles(list(REGIMES)), "Write-downs", "USD bn").figure)
    assert re.findall(r'class="end regime k0">([^<]+)<', drawn) == ["0"]
    small = rows.assign(p50=rows["p50"].mask(bear, 1.0))
    drawn = str(fan_panel(small, regime_styles(list(REGIMES)), "Write-downs", "USD bn").figure)
    assert re.findall(r'class="end regime k0">([^<]+)<', drawn) == ["1.00"]


def test_a_panel_of_nothing_has_one_zero_at_its_axis() -> None:
    rows = _rows(2.65e-14, 0.0, 0.01, np.zeros(15))
    drawn = str(fan_panel(rows, regime_styles(list(REGIMES)), "Write-downs", "USD bn").figure)
    marks = re.findall(r'class="left">([^<]+)<', drawn)
    assert marks.count("0") == 1
    assert len(set(marks)) == len(marks) > 1
    assert re.findall(r'class="end [^"]+">([^<]+)<', drawn) == ["0"] * 3


def test_only_a_quantity_that_collapses_is_drawn_in_powers_of_ten() -> None:
    styles = regime_styles(list(REGIMES))
    falling = _rows(1.0, -3.0, 0.04, np.geomspace(20.0, 1.0, 15))
    rising = _rows(20.0, 1.0, 0.04, np.geomspace(1.0, 20.0, 15))
    assert "powers of ten" in fan_panel(falling, styles, "Token price", "index").note
    assert "powers of ten" not in fan_panel(rising, styles, "Fleet", "M H100e").note


def test_a_quantity_that_vanishes_is_drawn_from_zero() -> None:
    styles = regime_styles(list(REGIMES))
    vanishing = _rows(1.0, -30.0, 0.04, np.geomspace(20.0, 1.0, 15))
    assert "powers of ten" not in fan_panel(vanishing, styles, "Write-downs", "USD bn").note


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"{{ 7 * 7 }}</style></svg>"


def hostile_contents(calm: RunContents) -> RunContents:
    """Every text that comes from outside is an attack."""
    regimes = {name: f"{name}{HOSTILE}" for name in calm.regimes}
    choice = SimpleNamespace(**vars(calm.allocation))
    choice.by_scenario = choice.by_scenario.rename(index=regimes)
    choice.solver = HOSTILE
    return RunContents(
        meta={**calm.meta, "objective": HOSTILE, "prices": HOSTILE, HOSTILE: {HOSTILE: [1]}},
        allocation=choice,  # type: ignore[arg-type]
        scenarios=calm.scenarios.rename(index=regimes).assign(thesis=HOSTILE, shifts=HOSTILE),
        revenue_fan=calm.revenue_fan.replace({"regime": regimes}),
        world_fan=calm.world_fan.replace({"regime": regimes}).assign(unit=HOSTILE),
        fit=calm.fit.assign(unit=HOSTILE, confidence=HOSTILE),
        fit_paths=calm.fit_paths,
        sensitivities=calm.sensitivities.assign(meaning=HOSTILE, unit=HOSTILE).rename(
            index=lambda name: f"{name}{HOSTILE}"
        ),
        names=dict.fromkeys(calm.names, HOSTILE),
        layers={ticker: f"{layer}{HOSTILE}" for ticker, layer in calm.layers.items()},
        outlook=calm.outlook.replace({"regime": regimes}).assign(
            quantity=lambda t: t["quantity"] + HOSTILE, unit=HOSTILE, source=HOSTILE
        ),
        binding=calm.binding.replace({"regime": regimes}).rename(columns={"power": HOSTILE}),
        paradox=doubled().assign(quantity=lambda t: t["quantity"] + HOSTILE),
        value=calm.value.assign(gaps=HOSTILE),
        reasons=calm.reasons.assign(sentence=HOSTILE),
        valuation=calm.valuation,
    )


@pytest.mark.parametrize("make", [make_contents, make_many])
def test_hostile_text_is_inert(make: Callable[[], RunContents]) -> None:
    html = report_html(hostile_contents(make()))
    assert_inert(Page(html))
    assert html.count("&lt;script&gt;") > 100
    assert "{{ 7 * 7 }}" in html


def test_hostile_names_in_a_backtest_are_inert() -> None:
    calm = make_backtest()
    result = replace(
        calm,
        strategy=HOSTILE,
        weights=calm.weights.rename(columns={"NVDA": HOSTILE}),
        holdings=calm.holdings.rename(columns={"NVDA": HOSTILE}),
        notes=(HOSTILE,),
    )
    assert_inert(Page(backtest_html(result)))


def test_a_name_that_is_not_given_to_the_template_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        render("report.html.j2", {"styles": []})


def test_all_missing_columns_are_named_at_once() -> None:
    calm = make_contents()
    with pytest.raises(DataError, match=r"'world_fan' lacks the column 'p95'\n.*'fit' .* 'unit'"):
        replace(
            calm, fit=calm.fit.drop(columns="unit"), world_fan=calm.world_fan.drop(columns="p95")
        )


def test_a_run_without_history_fit_or_sensitivities_still_reports() -> None:
    calm = make_contents()
    bare = replace(
        calm,
        meta={},
        revenue_fan=calm.revenue_fan[calm.revenue_fan["regime"] != "reported"],
        fit=calm.fit.iloc[:0],
        fit_paths=calm.fit_paths.iloc[:0],
        sensitivities=calm.sensitivities.iloc[:0],
        names={},
        layers={},
    )
    text = Page(report_html(bare)).text
    assert "The portfolio holds 11 of the 30 companies" in text
    assert not re.search(r"\bnan\b|\bNone\b|\bnone\b(?!: the posterior)", text)


def test_only_what_moves_the_portfolio_most_is_ranked_first() -> None:
    top = top_assumptions(make_contents(), 3)
    assert list(top.index) == ["demand_elasticity", "hurdle_rate", "adoption_speed"]


def test_growth_compares_the_next_year_with_the_last() -> None:
    contents = make_contents()
    level = contents.revenue_fan["regime"].map({"bull": 3.0}).fillna(2.0)
    contents = replace(contents, revenue_fan=contents.revenue_fan.assign(p50=level))
    assert contents.growth.at["NVDA", "base"] == pytest.approx(0.0)
    assert contents.growth.at["NVDA", "bull"] == pytest.approx(0.5, rel=0.01)


def test_growth_is_per_year_where_books_close_in_another_month() -> None:
    """Five quarters from the middle of one year to that of the next are not one."""
    contents = make_contents()
    fan = contents.revenue_fan
    level = fan["regime"].map({"bull": 3.0}).fillna(2.0)
    early = fan["quarter_end"] - pd.DateOffset(months=3)
    dates = fan["quarter_end"].where(fan["regime"] != "reported", early)
    moved = replace(contents, revenue_fan=fan.assign(p50=level, quarter_end=dates))
    assert moved.growth.at["NVDA", "bull"] == pytest.approx(1.5**0.8 - 1.0, rel=0.02)


def test_a_backtest_opens_with_what_came_of_it() -> None:
    result = make_backtest()
    text = Page(backtest_html(result)).text
    final = float(wealth(result.returns).iloc[-1])
    assert f"turned 1 into {number(final, 2)} after costs" in text
    assert "Equal weights of the same companies turned 1 into" in text


def test_turnover_is_half_of_what_is_traded() -> None:
    assert turnover(pd.DataFrame({"A": [0.2], "B": [-0.2]})).tolist() == pytest.approx([0.2])


def test_the_rest_is_one_band_and_nothing_is_lost() -> None:
    random = np.random.default_rng(1)
    weights = pd.DataFrame(random.dirichlet(np.ones(14), 6), columns=list("ABCDEFGHIJKLMN"))
    top = top_weights(weights)
    assert top.shape[1] == 10
    np.testing.assert_allclose(top.sum(axis=1), 1.0)


def test_shares_of_a_long_walk_are_thinned_and_sum_to_one() -> None:
    thin = shares(pd.DataFrame({"A": np.linspace(1, 2, 2000), "B": 1.0}))
    assert len(thin) == 260
    assert (thin.index[0], thin.index[-1]) == (0, 1999)
    np.testing.assert_allclose(thin.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (usd_bn(51.2), "USD 51.2bn"),
        (usd_bn(0.35), "USD 350m"),
        (usd_bn(1200.0), "USD 1.20tn"),
        (usd_bn(999.96), "USD 1.00tn"),
        (amount(-3.25), "−3.2bn"),
        (percent(0.143), "14.3 %"),
        (percent(-0.0001, sign=True), "0.0 %"),
        (percent(0.02, sign=True), "+2.0 %"),
        (percent(float("nan")), "–"),
        (number(12345.6), "12,346"),
        (number(0.0284), "0.0284"),
        (quantity(38_000.0, "USD m"), "USD 38.0bn"),
        (quantity(0.63, "fraction"), "63.0 %"),
        (quantity(1.15, "1"), "1.15"),
        (quantity(3.1, "years"), "3.1 years"),
        (join(["a", "b", "c"]), "a, b and c"),
        (join(["a"]), "a"),
        (readable("quarterly_capex MSFT.total"), "quarterly capex MSFT total"),
        (readable("gpu_rental_price"), "GPU rental price"),
    ],
)
def test_numbers_and_names_are_written_for_people(shown: str, expected: str) -> None:
    assert shown.replace("\N{NO-BREAK SPACE}", " ") == expected


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 188.0) == [0, 50, 100, 150]
    assert ticks(-0.3, 0.1, 4) == pytest.approx([-0.3, -0.2, -0.1, 0.0, 0.1])
    assert Scale(0.02, 30.0, 0.0, 1.0, log=True).ticks() == pytest.approx([0.1, 1.0, 10.0])


def test_a_long_span_is_marked_by_years_and_a_short_one_by_months() -> None:
    years = calendar(*days(["2022-06-30", "2030-12-31"]).tolist())
    assert [label for _, label in years] == ["2024", "2026", "2028", "2030"]
    assert years[0][0] == days(["2024-01-01"])[0]
    months = calendar(*days(["2023-02-01", "2024-03-01"]).tolist())
    assert [label for _, label in months] == ["Apr", "Jul", "Oct", "2024"]


def test_a_logarithmic_scale_gives_each_decade_the_same_room() -> None:
    scale = Scale(1.0, 100.0, 0.0, 80.0, log=True)
    assert [scale(1.0), scale(10.0), scale(100.0)] == pytest.approx([0.0, 40.0, 80.0])


def test_labels_are_moved_apart_and_stay_inside() -> None:
    placed = spread([50.0, 51.0, 99.0, 100.0], gap=10.0, low=0.0, high=100.0)
    assert placed == sorted(placed)
    assert np.diff(placed).min() >= 10.0
    assert max(placed) <= 100.0


def test_svg_escapes_what_it_is_given() -> None:
    assert str(tag("text", "<b>&", fill='"x"')) == (
        '<text fill="&#34;x&#34;">&lt;b&gt;&amp;</text>'
    )


def test_heat_is_white_at_nothing_and_differs_by_sign() -> None:
    assert diverging(0.0) == "#ffffff"
    assert diverging(5.0) == diverging(1.0)
    assert len({diverging(share) for share in (-1.0, -0.5, 0.5, 1.0)}) == 4


@pytest.mark.parametrize("colour", [*LAYERS.values(), "#ffffff", "#000000"])
def test_text_on_a_colour_has_enough_contrast(colour: str) -> None:
    light, dark = sorted([luminance(colour), luminance(text_on(colour))], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3.0  # WCAG 2, large or bold text


def test_what_lies_outside_is_marked_and_told_with_its_source() -> None:
    contents = make_contents()
    marked = outlook_table(contents)
    assert [row[0].partition("<")[0] for row in marked.rows] == [
        "Power of the AI fleet",
        "Inference share",
    ]
    assert all("\N{BLACK UP-POINTING TRIANGLE}" in cell for cell in marked.rows[0][1:])
    assert not any("\N{BLACK UP-POINTING TRIANGLE}" in cell for cell in marked.rows[1][1:])
    told = outside_table(contents).rows
    assert [row[1] for row in told] == ["2025", "2026", "2027"]  # of the likeliest regime alone
    assert told[0][3:] == ["at most 84", "Somebody 2025"]


def test_what_binds_fills_its_panel_from_zero_to_one() -> None:
    """The lowest layer begins at the foot, the highest ends at the top, and they touch between."""
    contents = make_contents()
    panels = binding_panels(contents)
    assert len(panels) == len(contents.regimes)
    paths = re.findall(r'<path d="M([^"]*)Z"', panels[0].figure)
    heights = [[float(point.split()[1]) for point in path.split("L")] for path in paths]
    (below, above), quarters = heights, 8
    assert below[quarters:] == [BOTTOM] * quarters
    assert above[:quarters] == [TOP] * quarters
    assert above[quarters:] == below[:quarters][::-1]


def test_a_run_without_an_outlook_leaves_its_section_out() -> None:
    contents = make_contents()
    assert "Whether that world can be" in report_html(contents)
    bare = replace(contents, outlook=pd.DataFrame(), binding=pd.DataFrame())
    assert "Whether that world can be" not in report_html(bare)


def test_parts_stand_by_layer_and_scenario_the_largest_loss_first() -> None:
    rows = [
        ("name", "AAA", 0.6, 0.06, 0.20, 0.6, 0.8),
        ("layer", "servers", 0.4, 0.04, 0.05, 0.4, 0.2),
        ("layer", "gpu", 0.6, 0.06, 0.20, 0.6, 0.8),
        ("layer", "memory", 0.0, 0.0, 0.0, 0.0, 0.0),
        ("regime", "bull", 0.5, 0.14, -0.05, 1.4, -0.2),
        ("regime", "bear", 0.5, -0.04, 0.30, -0.4, 1.2),
    ]
    columns = ["by", "part", "weight", *("expected_return", "loss", "return_share", "loss_share")]
    contents = replace(make_contents(), parts=pd.DataFrame(rows, columns=columns))
    table = parts_table(contents)
    assert [row[0] for row in table.rows] == ["GPU", "Servers", "Bear", "Bull"]
    assert [row[4] for row in table.rows] == [
        percent(x, sign=True) for x in (0.20, 0.05, 0.30, -0.05)
    ]
    assert not parts_table(make_contents()).rows


def test_alternatives_say_what_is_in_cash() -> None:
    """The choice holds a fifth of it, what stands beside is invested in full."""
    row = {"expected_return": 0.1, "over_cost": 0.0, "CVaR_95": 0.3, "active_risk": 0.05}
    rivals = pd.DataFrame([{**row, "cash": 0.2}, {**row, "cash": 0.0}])
    rivals.index = pd.Index(["chosen", "benchmark"])
    weights = pd.DataFrame({"chosen": {"TSM": 0.8, "cash": 0.2}, "benchmark": {"TSM": 1.0}})
    contents = replace(make_contents(), alternatives=rivals, alternative_weights=weights.fillna(0))
    table = alternatives_table(contents)
    place = [column.label for column in table.columns].index("Cash")
    assert [row[place] for row in table.rows] == [percent(0.2, 0), percent(0.0, 0)]
    assert f"{percent(0.2)} of it is cash, of the benchmark" in alternatives_sentence(contents)


def test_the_largest_of_a_portfolio_are_those_that_it_holds() -> None:
    row = {"expected_return": 0.1, "over_cost": 0.0, "CVaR_95": 0.3, "active_risk": 0.05, "cash": 0}
    rivals = pd.DataFrame([row, row], index=["chosen", "cash"])
    weights = pd.DataFrame({"chosen": {"TSM": 0.6, "HPE": 0.4, "cash": 0.0}, "cash": {"cash": 1.0}})
    contents = replace(make_contents(), alternatives=rivals, alternative_weights=weights.fillna(0))
    last = [row[-1] for row in alternatives_table(contents).rows]
    assert last == [f"TSMC {percent(0.6, 0)} and HPE {percent(0.4, 0)}", f"Cash {percent(1.0, 0)}"]


def test_the_page_has_the_frontier_with_the_choice_on_it() -> None:
    row = {"expected_return": 0.1, "over_cost": 0.0, "CVaR_95": 0.3, "active_risk": 0.05, "cash": 0}
    table = pd.DataFrame({"TSM": [0.3, 0.1, -0.2], "HPE": [0.1, 0.05, -0.1]})
    found = frontier(ReturnScenarios.from_frame(table), CVaR(0.5), points=4)
    held = pd.DataFrame({"chosen": found.weights.iloc[1]})
    given: dict[str, Any] = {
        "alternatives": pd.DataFrame([row], ["chosen"]),
        "alternative_weights": held,
    }
    page = report_html(replace(make_contents(), frontier=found, **given))
    assert "What return a CVaR brings" in page
    assert ">chosen</text>" in page
    assert "What return a CVaR brings" not in report_html(replace(make_contents(), **given))


def test_of_ten_regimes_alternatives_show_the_few_that_a_page_holds() -> None:
    row = {"expected_return": 0.1, "over_cost": 0.0, "CVaR_95": 0.3, "active_risk": 0.05, "cash": 0}
    many = make_many()
    rivals = pd.DataFrame([row | dict.fromkeys(many.regimes, 0.1)], index=["chosen"])
    weights = pd.DataFrame({"chosen": {"TSM": 1.0}})
    contents = replace(many, alternatives=rivals, alternative_weights=weights)
    labels = [column.label for column in alternatives_table(contents).columns]
    assert labels[6:-1] == [x.replace("_", " ").capitalize() for x in growth_regimes(contents)]
    assert len(labels) < 13


def test_a_part_of_expected_returns_that_is_none_throughout_has_no_column() -> None:
    contents = make_contents()
    assert [c.label for c in value_table(contents).columns][-3:] == ["Carry", "Regimes", "Pull"]
    none = replace(contents, value=contents.value.assign(regimes=-0.0004))
    table = value_table(none)
    assert [column.label for column in table.columns][-3:] == ["All", "Carry", "Pull"]
    assert {len(row) for row in table.rows} == {len(table.columns)}
    spans = re.findall(r'colspan="(\d+)"', report_html(none))
    assert str(len(table.columns) - 3) in spans


def test_of_holdings_that_tie_none_is_called_the_largest() -> None:
    contents, choice = make_contents(), _allocation()
    assert "of TSMC, the largest holding, ends" in width_of_worlds(contents)
    choice.weights = choice.weights.where(choice.weights < 0.11, 0.12)
    tied = replace(contents, allocation=choice)  # type: ignore[arg-type]
    said = "of Broadcom, one of three holdings tied as the largest, ends"
    assert said in width_of_worlds(tied)


def test_a_bias_that_cannot_be_is_a_dash() -> None:
    contents = make_contents()
    fit = contents.fit.assign(bias_log=np.nan)
    place = [column.label for column in fit_table(contents).columns].index("Bias")
    shown = {row[place] for row in fit_table(replace(contents, fit=fit)).rows}
    assert shown == {"–"}


def edged() -> RunContents:
    """Half in TSMC, which is pulled by 6 points, against a benchmark of Micron, pulled by 1."""
    row = {"over_cost": 0.0, "CVaR_95": 0.3, "active_risk": 0.05, "cash": 0.0}
    rivals = pd.DataFrame(
        [
            {**row, "expected_return": 0.127, "without_pull": 0.092},
            {**row, "expected_return": 0.109, "without_pull": 0.094},
            {**row, "expected_return": 0.101, "without_pull": 0.091},
        ],
        index=["chosen", UNPULLED, "benchmark"],
    )
    held = {"TSM": 0.5, "HPE": 0.5}
    weights = pd.DataFrame({"chosen": held, UNPULLED: held, "benchmark": {"HPE": 1.0}})
    reasons = _reasons().assign(pull=pd.Series({"TSM": 0.06, "NVDA": -0.02, "HPE": 0.01}))
    return replace(
        make_contents(),
        alternatives=rivals,
        alternative_weights=weights.fillna(0.0),
        reasons=reasons,
        valuation=ASSUMED.assign(
            relative_per_sd=[-0.02, -0.0166, 0.0166], source="one study", unit="share", meaning="x"
        ),
    )


def test_how_much_of_the_edge_is_that_prices_come_back_is_said() -> None:
    """Half of 6 less half of 1 point: 2.5 of 2.6."""
    said = edge_sentence(edged()).replace("\N{NO-BREAK SPACE}", " ")
    assert said == (
        "It is expected to return +2.6 points more than the benchmark, of which +2.5 because "
        "prices come back to the model's value (pull), give or take 1.7 for one standard deviation "
        "of its speed (one study). If they did not, it would return +9.2 %, the benchmark +9.1 %, "
        "and the best within the same limits +9.4 %."
    )
    assert said in Page(report_html(edged())).text
    table = alternatives_table(edged())
    place = [column.label for column in table.columns].index("Without pull")
    assert [row[place] for row in table.rows] == [
        percent(x, sign=True) for x in (0.092, 0.094, 0.091)
    ]
    none = edged().reasons.assign(pull=0.0)
    still = replace(edged(), reasons=none)
    assert edge_sentence(still) == edge_sentence(make_contents()) == ""


def test_beside_a_benchmark_what_valuation_assumes_is_ranked_by_it_and_pull_is_always_there() -> (
    None
):
    names = ["risk_free", "terminal_growth", "pull"]
    rows = pd.DataFrame({"unit": "per year", "value": 0.05, "meaning": "x"}, index=names)
    rows["portfolio_per_sd"] = [0.09, 0.02, 0.0]
    rows["relative_per_sd"] = [0.01, -0.03, 0.0]
    contents = replace(make_contents(), valuation=rows)
    table = valuation_table_of_assumptions(contents, count=2)
    told = [str(row[0]).split("<")[1] for row in table.rows]
    assert told == ["b>Terminal growth", "b>Risk free", "b>Pull"]
    assert [column.label for column in table.columns][-2:] == ["Return", "Over the benchmark"]
    assert table.rows[0][-2:] == [percent(0.02, sign=True), percent(-0.03, sign=True)]


def test_what_valuation_assumes_is_shown_by_what_it_moves() -> None:
    row = {"value": 0.04, "unit": "per year", "meaning": "what is asked for"}
    rows = pd.DataFrame([row, row, row], index=["risk_free", "pull", "regime_time"])
    rows["portfolio_per_sd"] = [-0.01, 0.02, np.nan]
    contents = replace(make_contents(), valuation=rows)
    cells = valuation_table_of_assumptions(contents).rows
    assert [str(row[0]).split("<")[1] for row in cells] == ["b>Pull", "b>Risk free"]
    assert cells[0][-1] == percent(0.02, sign=True)
    assert "And what valuation assumes" in report_html(contents)
    assert "And what valuation assumes" not in report_html(make_contents())


def test_what_a_choice_is_neutral_to_is_shown_where_it_was_asked() -> None:
    row = {"within": 0.03, "exposure": -0.03, "without": -0.0601, "price": 0.471, "against": ""}
    rows = pd.DataFrame([row, {**row, "against": "NVDA, TSM"}], index=["hurdle_rate", "elasticity"])
    contents = replace(make_contents(), neutral=rows)
    table = neutral_table(contents)
    assert table.rows[0][0] == "Hurdle rate"
    assert table.rows[0][3] == percent(-0.0601, 2, sign=True)
    assert [row[-1] for row in table.rows] == ["–", "NVDA, TSM"]
    assert "What it is neutral to" in report_html(contents)
    assert "What it is neutral to" not in report_html(make_contents())
    with pytest.raises(DataError, match="'neutral' lacks the column 'within'"):
        replace(contents, neutral=rows.drop(columns="within"))


def _stress(distance: float = 2.0) -> ReverseStress:
    """A loss of 30 %, two thirds of it in one company, in two worlds; all told in round numbers."""
    table = pd.DataFrame(
        {
            "unit": ["per year", "share"],
            "in_regime": [0.12, 0.5],
            "here": [0.16, 0.501],
            "deviations": [1.5, 0.01],
            "share": [0.4, 0.001],
            "meaning": ["what building has to earn", "what hardly moves"],
        },
        index=pd.Index(["hurdle_rate", "inference_share"], name="assumption"),
    )
    companies = pd.DataFrame(
        {
            "weight": [0.4, 0.25, 0.35],
            "return": [-0.5, -0.4, 0.0],
            "before_noise": [-0.2, 0.1, 0.0],
            "in_regime": [0.1, 0.1, 0.1],
            "contribution": [-0.2, -0.1, 0.0],
        },
        index=pd.Index(["NVDA", "TSM", "MSFT"], name="ticker"),
    )
    years = pd.date_range("2026-12-31", periods=2, freq="YE")
    beside = pd.DataFrame({"change": [-0.25, -0.5]}, index=pd.Index(years, name="year_to"))
    parts = {"assumptions": 1.6, "news of later years": 0.4, "market noise": 2.0}
    world = StressedWorld(
        regime="bear",
        probability=0.25,
        distance=distance,
        plausibility=1.0,
        loss=0.3,
        before_noise=0.055,
        assumptions=table,
        parts=pd.Series(parts) * distance**2 / 4.0,
        macro=pd.concat({"capital_spending": beside}, names=["quantity"]),
        revenue=pd.concat(dict.fromkeys(companies.index, beside), names=["ticker"]),
        companies=companies,
        point=np.zeros(3),
    )
    odds = pd.DataFrame(
        {
            "probability": [0.25, 0.5, 0.25],
            "distance": [2.0, 2.5, np.nan],
            "first_order": [0.02, 0.006, np.nan],
            "sampled": [0.012, 0.0004, 0.0],
            "error": [0.001, 0.0001, 0.0],
            "drawn": [0.01, 0.0, 0.0],
        },
        index=pd.Index(list(REGIMES), name="regime"),
    )
    tilted = TiltedDraws(
        relative_entropy=1.234,
        effective=12.0,
        regimes=odds[["probability"]].assign(tilted=[0.9, 0.1, 0.0]),
        assumptions=table[["deviations"]],
    )
    worlds = (world, replace(world, regime="base", plausibility=0.25))
    return ReverseStress(0.3, worlds, 0.0032, 0.0005, 0.008, 0.0025, odds, True, tilted)


def test_while_enough_draws_lose_their_share_is_the_probability() -> None:
    """Few draws leave it to what is sampled about single worlds, which miss those far from them."""
    few = replace(_stress(), drawn_error=0.0005, losing=25)
    many = replace(few, losing=51)
    told = {
        name: stress_sentence(replace(make_contents(), stress=x)).replace("\N{NO-BREAK SPACE}", " ")
        for name, x in {"few": few, "many": many}.items()
    }
    assert "has a probability of about 0.3 % (standard error 0.050 %); 0.2 % of" in told["few"]
    assert "has a probability of 0.2 % (standard error 0.050 %), the share of the" in told["many"]
    assert "few have, it is 0.3 %" in told["many"]
    assert (few.counted, many.counted) == (False, True)


def test_worlds_that_are_about_as_plausible_are_told_together() -> None:
    first, second = _stress().worlds
    alike = replace(_stress(), worlds=(first, replace(second, plausibility=0.93)))
    said = stress_sentence(replace(make_contents(), stress=alike))
    assert said.endswith("Two worlds are about as plausible: in bear and base.")
    assert "about as plausible" not in stress_sentence(replace(make_contents(), stress=_stress()))


def test_what_it_would_take_to_lose_is_told_with_its_worlds() -> None:
    contents = replace(make_contents(), stress=_stress())
    first, second = worlds_table(contents).rows
    # Assumptions 40 %, news what is left of them, companies' own revenue none, noise half.
    assert first[-4:] == [percent(x, 0) for x in (0.4, 0.1, 0.0, 0.5)]
    assert (first[3], second[3]) == ("1", "0.250")
    (mover,) = movers_table(contents).rows  # what adds less than half a per cent is left out
    assert str(mover[0]).startswith("<b>Hurdle rate")
    assert [row[0] for row in losers_table(contents).rows] == ["NVIDIA", "TSMC"]
    assert [row[1] for row in odds_table(contents).rows] == [
        percent(x, 0) for x in (0.25, 0.5, 0.25)
    ]
    assert odds_table(contents).rows[2][2] == "–"
    assert [row[-1] for row in odds_table(contents).rows] == [
        percent(x, 0) for x in (0.9, 0.1, 0.0)
    ]
    assert percent(0.0032) in stress_sentence(contents)
    assert f"Capital spending {percent(-0.25, 0)}".lower() in world_sentence(contents)
    page = report_html(contents)
    assert f"What it would take to lose {percent(0.3, 0)}" in page
    assert "1.23 nats away" in page
    assert "What it would take" not in report_html(make_contents())


def test_what_chance_could_seem_to_be_worth_is_not_told() -> None:
    known = pd.DataFrame(
        {
            "gain": [0.13, 0.03, 0.01],
            "net": [0.12, 0.02, 0.0],
            "moved": [0.6, 0.3, 0.2],
            "beyond_chance": [True, True, False],
        },
        index=["which regime it is", "hurdle_rate", "elasticity"],
    )
    contents = replace(make_contents(), information=known)
    assert [row[0] for row in information_table(contents).rows] == [
        "Which regime it is",
        "Hurdle rate",
    ]
    assert "What it would be worth to know" in report_html(contents)
    none = replace(contents, information=known.assign(beyond_chance=False))
    assert "What it would be worth to know" not in report_html(none)
    assert not information_table(make_contents()).rows


def test_a_middle_that_loses_as_much_has_nothing_out_of_the_ordinary() -> None:
    contents = replace(make_contents(), stress=replace(_stress(0.0), tilted=None))
    told = world_sentence(contents).replace("\N{NO-BREAK SPACE}", " ")
    assert contents.stress is not None
    share = 100 * contents.stress.by_regime["drawn"]["bear"]
    assert f"the middle of bear, all at its median, loses as much, and so do {share:.1f} %" in told
    assert "no weights of them lose it" in report_html(contents)
    assert worlds_table(contents).rows[0][-1] == "–"


def test_reasons_are_given_for_what_is_notable() -> None:
    contents = make_contents()
    table = reasons_table(contents)
    assert [row[0] for row in table.rows] == ["TSMC", "NVIDIA"]
    assert table.rows[0][1:5] == [
        "15.0\N{NO-BREAK SPACE}%",
        "+14.1\N{NO-BREAK SPACE}%",
        "+2.2",
        "31\N{NO-BREAK SPACE}%",
    ]
    assert "makes \N{MINUS SIGN}62.0\N{NO-BREAK SPACE}%" in str(table.rows[0][5])
    assert [row[1] for row in table.rows][1] == "\N{EN DASH}"
    assert "Why each is held" in report_html(contents)
    assert "Why each is held" not in report_html(replace(contents, reasons=pd.DataFrame()))


def test_the_price_of_risk_is_said_where_there_is_a_budget() -> None:
    contents = make_contents()
    assert reasons_sentence(contents) == ""
    for price, said in ((0.035, "would add 0.035 points"), (0.0, "holds nothing back")):
        choice = SimpleNamespace(**vars(contents.allocation))
        choice.duals = pd.Series({"budget": 0.1, "CVaR(0.95).at_most": price})
        assert said in reasons_sentence(replace(contents, allocation=choice))  # type: ignore[arg-type]


def test_cash_is_told_apart_from_companies() -> None:
    """It is no holding among the companies, has no layer they lean on, and no revenue."""
    calm = make_contents()
    choice = SimpleNamespace(**vars(calm.allocation))
    choice.weights = pd.concat([0.8 * choice.weights, pd.Series({"cash": 0.2})])
    layers = {**calm.layers, "cash": "cash"}
    rows = pd.DataFrame({"expected_return": 0.04}, index=["cash"]).reindex(
        columns=calm.reasons.columns
    )
    given = {"allocation": choice, "layers": layers, "reasons": rows}
    contents = replace(calm, **given)  # type: ignore[arg-type]
    assert contents.cash == 0.2
    assert "cash" not in contents.companies.index
    decided = next(part.text for part in story(contents) if part.head == "What was decided")
    assert "holds 11 of the 30 companies" in decided
    assert "20.0\N{NO-BREAK SPACE}% stays in cash." in decided
    assert "leans on cash" not in decided
    assert "and cash +0.8\N{NO-BREAK SPACE}% of what is expected" in " ".join(
        part.text for part in story(contents)
    )
    assert "Cash" not in _unheld(calm)
    assert "Cash" not in _unheld(contents)
    assert next(row[1] for row in allocation_table(contents).rows) == "Cash"
    story_of_none = " ".join(part.text for part in story(replace(calm, layers=layers)))
    assert "nothing of cash" not in story_of_none
    assert "or cash" not in story_of_none


def doubled() -> pd.DataFrame:
    """Changes that turn at an elasticity of one, half as large as calibrated."""
    rows = [
        (limits, elasticity, year, quantity, part * (elasticity - 1.0) / year, held)
        for limits, part, held in (
            ("calibrated", 0.1, 0.9),
            ("slack", 0.2, 1.0),
            ("unsaturated", 2.0, 0.8),
        )
        for elasticity in (0.5, 1.0, 1.5)
        for year in (1, 3, 5)
        for quantity in ("compute", "power")
    ]
    columns = ["limits", "elasticity", "year", "quantity", "median", "held"]
    return pd.DataFrame(rows, columns=columns)


def test_the_paradox_has_a_panel_for_each_quantity_and_a_stroke_for_each_line() -> None:
    draws = np.array([1.2, 1.1, 1.3])
    contents = replace(make_contents(), paradox=doubled(), elasticity=draws)
    panels = paradox_panels(doubled(), draws)
    assert [panel.title for panel in panels] == ["Compute", "Power"]
    assert panels[0].figure.count('class="median"') == 6
    assert panels[0].figure.count('class="inner"') == 1
    assert [words for _, words in paradox_legend(doubled())] == [
        f"year {year}, {limits}"
        for limits in ("as calibrated", "nothing short")
        for year in (1, 3, 5)
    ]
    assert paradox_sentence(contents).startswith("Calibration puts it at 1.20")
    page = report_html(contents)
    assert "If computing gets cheaper" in page
    assert "If computing gets cheaper</h2>" not in report_html(make_contents())


def test_a_table_tells_the_paradox_without_saturation_which_is_not_drawn() -> None:
    """In year five a doubling of changes in logs: by a fifth of what the elasticity is off one."""
    contents = replace(make_contents(), paradox=doubled())
    table = paradox_table(contents)
    assert [column.label for column in table.columns] == ["", "Compute", "Power", "Held"]
    assert [str(row[0]) for row in table.rows] == [
        "As calibrated",
        "Nothing short",
        "Nothing short, no demand saturated",
    ]
    assert [re.findall(r"\d+", str(row[1])) for row in table.rows] == [
        ["1", "1"],
        ["2", "2"],
        ["18", "22"],  # expm1 of 2 x 0.5 / 5
    ]
    assert [re.findall(r"\d+", str(row[-1])) for row in table.rows] == [["90"], ["100"], ["80"]]
    assert "no demand saturated" in report_html(contents)
    assert not paradox_table(make_contents()).rows


def test_lines_of_the_paradox_cross_zero_where_it_turns() -> None:
    figure = paradox_panels(doubled(), np.empty(0))[0].figure
    zero = re.search(r'M40 ([\d.]+)H330" class="tick"', figure)
    assert zero is not None
    lines = re.findall(r'<path d="M([^"]*)"[^>]*class="median"', figure)
    middles = [float(path.split("L")[1].split()[1]) for path in lines]
    assert middles == pytest.approx([float(zero[1])] * 6, abs=0.11)
    assert 'class="inner"' not in figure  # no draws, no density


def test_each_limit_has_a_colour_of_its_own() -> None:
    assert len({limit_colour(place) for place in range(len(LIMITS))}) == len(LIMITS)


DOT = re.compile(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="4.5" fill="(#\w+)"')


def test_value_says_what_share_is_near_the_market_and_what_is_not() -> None:
    """Of 29 companies whose value is known; evenly in logs over a decade."""
    said = value_sentence(make_contents()).replace("\N{NO-BREAK SPACE}", " ")
    near = int(known_ratios().between(0.4, 2.5).sum())
    assert f"values {near} of 29 companies ({100 * near / 29:.0f} %)" in said
    assert "above it NVIDIA (3.00; gross profit and tax rate unknown), " in said
    assert "below it Oracle (0.30), Meta (0.33)" in said
    assert "CoreWeave" not in said  # its value is unknown
    assert "No margin explains the price of Oracle (15 % short)" in said


def known_ratios() -> pd.Series[float]:
    return make_contents().value["value_over_market"].dropna()


def test_value_has_a_row_for_each_company_the_dearest_first() -> None:
    table = value_table(make_contents())
    assert [row[0] for row in table.rows] == [name for name, _, _ in UNIVERSE.values()]
    assert {len(row) for row in table.rows} == {len(table.columns)}
    first = [str(cell).replace("\N{NO-BREAK SPACE}", " ") for cell in table.rows[0]]
    assert first[2:] == [
        *("900.0bn", "3.00", "2.70", "+12 %", "+31 %", "40 %", "55 %", "22"),
        *("+10.9 %", "+12.0 %", "\N{MINUS SIGN}0.2 %", "\N{MINUS SIGN}0.9 %"),
    ]
    assert table.rows[-1][3] == "\N{EN DASH}"  # no market value
    assert table.rows[-2][8] == "over 100 %"  # no margin explains the price
    assert table.rows[-3][8] == "\N{EN DASH}"  # none within sixty points


def test_a_mean_that_few_worlds_lift_has_the_middle_one_beside_it() -> None:
    calm = make_contents()
    value = calm.value.copy()
    for name, figure in (("value_over_market", 9.6), ("middle_over_market", 2.5)):
        value.loc["NVDA", name] = figure
    value["gaps"] = ""
    said = value_sentence(replace(calm, value=value))
    assert "NVIDIA (9.60, 2.50 in the middle world)" in said
    assert said.count("in the middle world") == 1


def test_twice_the_market_lies_as_far_from_it_as_half() -> None:
    calm = make_contents()
    ratios = pd.Series({"NVDA": 2.0, "MU": 1.0, "AMD": 0.5})
    contents = replace(calm, value=calm.value.loc[ratios.index].assign(value_over_market=ratios))
    figure = value_figure(contents)
    (above, top, first), (one, middle, _), (below, foot, last) = DOT.findall(str(figure))
    assert float(above) - float(one) == pytest.approx(float(one) - float(below), abs=0.2)
    assert float(top) < float(middle) < float(foot)
    assert first == last == LAYERS["accelerators"]
    market = re.search(r'M([\d.]+) [^"]*" class="tick"', figure)
    assert market is not None
    assert float(market[1]) == pytest.approx(float(one), abs=0.1)
    assert value_legend(contents) == [
        (LAYERS["accelerators"], "Accelerators"),
        (LAYERS["memory"], "Memory"),
    ]


@pytest.mark.parametrize("ratio", [-0.2, 0.0, 1e-4, 400.0])
def test_value_beyond_the_ends_lies_there_and_is_told(ratio: float) -> None:
    """Equity below nothing has no place on a logarithmic axis."""
    calm = make_contents()
    value = calm.value.assign(value_over_market=calm.value["value_over_market"].fillna(ratio))
    contents = replace(calm, value=value)
    places = [float(x) for x, _, _ in DOT.findall(str(value_figure(contents)))]
    assert len(places) == len(UNIVERSE)
    assert all(150.0 <= x <= 1020.0 for x in places)
    assert f">{number(ratio, 2 if abs(ratio) < 10 else 0)}<" in value_figure(contents)


def test_what_valuation_assumes_is_told_in_a_sentence() -> None:
    contents = make_contents()
    said = assumed_sentence(contents).replace("\N{NO-BREAK SPACE}", " ")
    assert re.findall(r"[\d.]+ %", said) == ["4.2 %", "4.5 %", "2.0 %"]
    assert said.count(". ") == 0
    assert assumed_sentence(replace(contents, valuation=pd.DataFrame())) == ""


def test_a_run_without_value_leaves_its_section_out() -> None:
    contents = make_contents()
    assert "<h2>Value</h2>" in report_html(contents)
    bare = replace(contents, value=pd.DataFrame(), valuation=pd.DataFrame())
    assert "<h2>Value</h2>" not in report_html(bare)
    assert (value_sentence(bare), value_figure(bare), value_legend(bare)) == ("", "", [])


def test_what_sets_the_best_scenario_apart_is_told_and_adds_up() -> None:
    table = pd.DataFrame(
        {
            "unit": ["share", "per year", np.nan],
            "start": [0.2, 0.16, np.nan],
            "end": [0.6, 0.12, np.nan],
            "meaning": ["of output", "what builders ask for", np.nan],
            "portfolio": [0.151, 0.049, 0.002],
        },
        index=pd.Index(["saturation", "hurdle_rate", "not resolved"], name="assumption"),
    )
    bare = make_contents()
    contents = replace(bare, apart=table, apart_regimes=("bear", "bull"))
    page = report_html(contents)
    assert "Why the portfolio returns 20.2 points more in bull than in bear" in page
    rows = apart_table(contents, 1).rows
    assert [str(row[-1]).replace("\N{NO-BREAK SPACE}", " ") for row in rows] == [
        "+15.1 %",
        "+4.9 %",
        "+0.2 %",
    ]
    assert str(rows[1][0]) == "Other assumptions"
    assert "Why the portfolio returns" not in report_html(bare)
