"""What calibration sees: reported figures of the window, and which model quantity each measures.

Used: revenue of companies and segments, capital spending of the four largest owners, installed
compute with its published band, rental prices of the H100 and, as changes, of the A100, prices of
accelerators, the share of inference, token volumes as changes, token prices at fixed quality as the
declines that pooled studies found, and the industrial price of electricity.

Not used, and why:

* revenue run-rates of laboratories, spending on generative AI: what buyers pay for answers, markup
  and subsidy included, not the rent of compute, and no recognised revenue;
* list prices of tokens: a new model under a new name is another quality, so that a series of them
  measures the mix; studies at fixed quality do what can be done. Of these, declines at a single
  milestone (9x to 900x a year) are left out: milestones are chosen where prices have just begun to
  fall. Changes of one provider's serving cost are of a mix of models too;
* inference shares of one laboratory (OpenAI) or of one owner's energy (Google): not the world's;
* installed power and units: from the same counts as installed compute, at the chips' own ratings,
  which the priors of chips have already;
* electricity of data centres: all uses, of which AI is a part that no source splits every year;
* lead times, queues, vacancies: stages and stocks that the model has in no comparable form;
* forecasts, guidance and backlog: plans, not figures of the window;
* Oracle's capital spending: the model's owners are the four others;
* annual figures: the sums of quarters that are used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from marketsim.knowledge import Knowledge
from marketsim.model.units import H100_TFLOPS

from .window import Window

SYSTEM_PRICE = 1.2
"""Revenue of the merchant per chip over the list price of the chip: boards and systems."""

FLOOR = {
    # Restatements, weeks in a quarter and currencies move reported revenue by a few percent.
    "revenue": 0.035,
    # Timing of payments and finance leases, which cash spending leaves out.
    "capital": 0.05,
    # What designs count, and where they stand in their life; the published band comes on top.
    "compute": 0.10,
    # Indices, offers and contracts of one month differ by a quarter.
    "rent": 0.20,
    # The same, and an older chip whose price need not move with that of new compute.
    "rental": 0.30,
    # Providers gain and lose share, and what they count changes.
    "tokens": 0.40,
    # A consultant's and a maker's rounded estimates of a share that nobody measures.
    "share": 0.12,
    # List, street and contract prices, with and without boards.
    "price": 0.15,
    # Pooled studies of one period find 7x and 13x a year: half a log unit between them.
    "token_price": 0.40,
    # All industry of one country, where owners buy in many and under contracts.
    "electricity": 0.06,
}
"""Smallest standard deviation of a log error by kind: the model claims no better."""

DOUBT = {"sourced": 1.0, "derived": 1.2, "unverified": 1.6}
"""Standard deviations grow by these where a figure is less sure."""

OTHER_COMPANY: Final = 2.0
"""And by this before a merger, where the company was another."""

ENOUGH: Final = 4
"""Figures since a merger from which on those before it are left out."""

BAND: Final = 2.0 * 1.645
"""Standard deviations in a 90 % band."""

STUDIED: Final = 2
"""Years before its date over which a study's rate is taken to have held."""


@dataclass(frozen=True, eq=False)
class Series:
    """One reported series in the window.

    Attributes
    ----------
    name, kind, unit
        ``NVDA.data_center``, ``revenue``, ``USD bn``.
    dates
        Period ends, [observation].
    value
        Reported, in the model's units, positive.
    weight
        Mixture of model quarters, [observation, quarter].
    lines
        Which revenue lines it adds up, [line]; zeros for what is not revenue.
    season
        Factor of the season by which the model's smooth figure is multiplied.
    doubt
        Factor on the error's standard deviation, from `confidence` and breaks in definition.
    stated
        Standard deviation of the log error that the source itself states: the least there is;
        zeros where it states none.
    relative
        Only changes within the series are compared: its level measures something else.
    """

    name: str
    kind: str
    unit: str
    dates: pd.DatetimeIndex
    value: np.ndarray
    weight: np.ndarray
    lines: np.ndarray
    season: np.ndarray
    doubt: np.ndarray
    stated: np.ndarray
    relative: bool = False


def observe(knowledge: Knowledge, window: Window) -> list[Series]:
    """Return every series of the window that is known."""
    found = [*_revenue(knowledge, window), *_world(knowledge, window)]
    return [s for s in found if len(s.value) >= (2 if s.relative else 1)]


def _revenue(knowledge: Knowledge, window: Window) -> Iterator[Series]:
    known = knowledge.reported("quarterly_revenue")
    groups = {str(name): rows for name, rows in known.groupby("entity")}
    mergers = {cut.entity: cut.first for cut in knowledge.universe.breaks if cut.kind == "merger"}
    for name, lines in knowledge.universe.revenue_map.series().items():
        rows = groups.get(name)
        if rows is not None:
            season = seasons(rows["date"], rows["value"].to_numpy())
            s = _series(name, "revenue", "USD bn", rows, 1e-3, window, lines, season)
            marked = rows[rows["definition"] == 1]["date"]
            yield _since_merger(s, marked[marked < mergers.get(name, pd.Timestamp.min)])


def _since_merger(s: Series, before: pd.Series) -> Series:
    """Return a series without its rows ``before`` a merger, or with doubts about them."""
    other = s.dates.isin(before)
    if (~other).sum() < ENOUGH:
        return replace(s, doubt=s.doubt * np.where(other, OTHER_COMPANY, 1.0))
    columns = ("dates", "value", "weight", "season", "doubt", "stated")
    kept: dict[str, Any] = {name: getattr(s, name)[~other] for name in columns}
    return replace(s, **kept)


def _world(facts: Knowledge, window: Window) -> Iterator[Series]:
    none = np.zeros(len(facts.universe.revenue_map.lines))
    capex = _together(facts.reported("quarterly_capex"), facts.universe.group("owners"))
    season = seasons(capex["date"], capex["value"].to_numpy())
    yield _series("owner_capex", "capital", "USD bn", capex, 1e-3, window, none, season)
    yield _series("installed_compute", "compute", "M H100e", installed(facts), 1e-6, window, none)
    rent = facts.select("gpu_rental_price", "H100")
    yield _series("H100 rental", "rent", "USD per hour", rent, 1.0, window, none)
    rent = facts.select("gpu_rental_price", "A100 80GB")
    yield _series("A100 rental", "rental", "USD per hour", rent, 1.0, window, none, relative=True)
    share = facts.select("inference_share")
    for source, name in facts.universe.labels("inference_share").items():
        rows = share[share["entity"] == source]
        yield _series(name, "share", "share", rows, 0.01, window, none)
    yield _series("chip price", "price", "kUSD per H100e", chip_prices(facts), 1.0, window, none)
    tokens = facts.select("token_volume")
    for provider, rows in tokens.groupby("entity"):
        yield _series(
            f"tokens {provider}", "tokens", "T per month", rows, 1.0, window, none, relative=True
        )
    declines = token_prices(facts)
    for study, rows in declines.groupby("entity"):
        yield _series(str(study), "token_price", "index", rows, 1.0, window, none, relative=True)
    power = facts.select("electricity_price", "US/industrial")
    yield _series(
        "electricity", "electricity", "kUSD per MWh", power, 0.01, window, none, yearly=True
    )


def installed(facts: Knowledge) -> pd.DataFrame:
    """Return installed compute of the designers together, H100e, with its published error.

    The ends of the 90 % bands are added up, as if all designers' errors were one: the wide reading.
    """
    designers = facts.universe.group("designers")
    total = _together(facts.select("installed_h100e"), designers).set_index("date")
    low, high = (
        _together(facts.select(f"installed_h100e_{end}"), designers).set_index("date")["value"]
        for end in ("p05", "p95")
    )
    band = (high / low).reindex(total.index).to_numpy(dtype=float)
    return total.assign(stated=np.nan_to_num(np.log(band) / BAND)).reset_index()


def token_prices(facts: Knowledge) -> pd.DataFrame:
    """Return the declines that pooled studies found as an index: one at the end of their period.

    A rate is observed as one change over the last years of the study.
    """
    rates = facts.select("token_price_decline")
    studies = dict(facts.universe.labels("price_studies"))
    rates = rates[rates["entity"].isin(studies)]
    rates = rates.assign(entity=rates["entity"].map(studies))
    before = rates.assign(
        date=rates["date"] - pd.DateOffset(years=STUDIED), value=rates["value"] ** STUDIED
    )
    both = pd.concat([before, rates.assign(value=1.0)])
    return both.sort_values(["entity", "date"], ignore_index=True)


def chip_prices(facts: Knowledge) -> pd.DataFrame:
    """Return prices of merchant flagships per H100e, kUSD, as sold: with boards and systems.

    The yearly system price of an H100 until Blackwell, and list prices of NVIDIA's chips of at
    least the speed of an H100 at release.
    """
    compute = facts.select("chip_fp16").set_index("entity")["value"] / H100_TFLOPS
    lists = facts.select("chip_price")
    lists = lists[lists["entity"].str.startswith(facts.universe.group("merchant_chips"))]
    speed = lists["entity"].map(compute).to_numpy()
    lists = lists.assign(value=lists["value"] * SYSTEM_PRICE / speed / 1e3)[speed > 0.95]
    system = facts.select("gpu_price", "H100")
    system = system.assign(value=system["value"] / 1e3)[system["date"] < "2024-10-01"]
    return pd.concat([lists, system]).sort_values(["date", "entity"], kind="stable")


def _series(
    name: str,
    kind: str,
    unit: str,
    rows: pd.DataFrame,
    scale: float,
    window: Window,
    lines: np.ndarray,
    season: np.ndarray | None = None,
    relative: bool = False,
    yearly: bool = False,
) -> Series:
    weight = window.yearly(rows["date"]) if yearly else window.weights(rows["date"])
    inside = weight.sum(axis=1) > 0.99
    stated = rows["stated"] if "stated" in rows else pd.Series(0.0, index=rows.index)
    season = np.ones(len(rows)) if season is None else season
    return Series(
        name=name,
        kind=kind,
        unit=unit,
        dates=pd.DatetimeIndex(rows["date"])[inside],
        value=(rows["value"].to_numpy() * scale)[inside],
        weight=weight[inside],
        lines=lines,
        season=season[inside],
        doubt=rows["confidence"].map(DOUBT).to_numpy(dtype=float)[inside],
        stated=stated.to_numpy(dtype=float)[inside],
        relative=relative,
    )


def _together(rows: pd.DataFrame, entities: tuple[str, ...]) -> pd.DataFrame:
    """Return sums over ``entities`` at the dates where all are known, as sure as the least sure."""
    chosen = rows[rows["entity"].isin(entities)]
    wide = chosen.pivot(index="date", columns="entity", values="value")
    complete = wide.dropna() if set(entities) <= set(wide.columns) else wide.iloc[:0]
    total = complete.sum(axis=1)
    doubt = chosen.assign(doubt=chosen["confidence"].map(DOUBT)).groupby("date")["doubt"].max()
    least = doubt.reindex(total.index).map({doubt: name for name, doubt in DOUBT.items()})
    return pd.DataFrame(
        {"date": total.index, "value": total.to_numpy(), "confidence": least.to_numpy(), "unit": ""}
    )


def seasons(dates: pd.Series, values: np.ndarray) -> np.ndarray:
    """Return the seasonal factor of each observation, from ratios to a centred yearly mean.

    Median ratios by quarter of the year, normalised to a geometric mean of one; all ones for fewer
    than ten observations. Uses only the observations given.
    """
    count = len(values)
    if count < 10:
        return np.ones(count)
    log = np.log(values)
    kernel = np.array([0.125, 0.25, 0.25, 0.25, 0.125])
    ratio = log[2:-2] - np.convolve(log, kernel, mode="valid")
    # A quarter of 13 weeks may end a day or two into the next month (AMD, 1 April 2023).
    quarter = ((pd.DatetimeIndex(dates) - pd.Timedelta(days=7)).month.to_numpy() - 1) // 3
    inner = quarter[2:-2]
    factors = np.array(
        [np.median(ratio[inner == q]) if (inner == q).any() else 0.0 for q in range(4)]
    )
    # Shrink towards none, as there are few years of each quarter.
    years = count / 4.0
    return np.asarray(np.exp((factors - factors.mean()) * years / (years + 1.0))[quarter])
