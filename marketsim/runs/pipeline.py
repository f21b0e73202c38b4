"""From the facts to a run folder, step by step.

A run is a folder. The same arguments on the same facts, prices and versions give the same bytes of
results; the folder is named after them, so that asking again replaces it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pandas as pd

from marketsim.allocation import Allocation
from marketsim.calibration import Posterior
from marketsim.dates import Day
from marketsim.derivatives import Sensitivities, sensitivities
from marketsim.files import RECORD, REPORT, check_folder
from marketsim.folders import digests, replace_folder
from marketsim.knowledge import Knowledge
from marketsim.outlooks import outlook
from marketsim.paradoxes import paradox
from marketsim.provenance import git_commit, versions
from marketsim.reporting import RunContents
from marketsim.reporting.page import report_html
from marketsim.returns import CASH
from marketsim.scenarios import Scenarios
from marketsim.simulation import Paths

from .current import closes_in, trades, trades_story
from .deciding import Question, decided
from .decision import Decision
from .recorded import arguments_of
from .results import (
    extremes_apart,
    known_worth,
    losing,
    moving,
    nearly_as_good,
    priced_in,
    result_files,
)
from .tables import revenue_fan, scenario_table, value_table, world_fan

__all__ = ["Run", "run"]

YEARLY_DRAWS: Final = 100
"""Worlds of each regime in the outlook, which goes on for ten years: medians need no more."""

DOUBLED_DRAWS: Final = 80
"""Worlds whose efficiency doubles, at every elasticity; at all six they fill a chunk."""


@dataclass(frozen=True, eq=False)
class Run:
    """A finished run: its folder, its report and what is in them.

    ``reasons`` say why each company is held, or is not (see
    :meth:`marketsim.allocation.Allocation.reasons`), ``by_regime`` what it returns in each (see
    :class:`marketsim.runs.Decision`), ``warnings`` what of the data was old on the
    decision date, or goes unheard; ``trades`` what to buy and sell, where it was said what is held.
    """

    folder: Path
    report: Path
    posterior: Posterior
    paths: Paths
    allocation: Allocation
    sensitivities: Sensitivities
    reasons: pd.DataFrame
    by_regime: pd.DataFrame
    warnings: tuple[str, ...] = ()
    trades: pd.DataFrame | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.paths!r}, {self.allocation!r})"

    @property
    def as_of(self) -> pd.Timestamp:
        """The decision date, whether it was asked for or taken by default."""
        return self.posterior.as_of

    def summary(self) -> str:
        """Return weights, why they are so, and the result by regime, for a terminal."""
        told = self.reasons[self.reasons["notable"] != ""]
        wide = max(len(str(name)) for name in told.index)
        lines = [
            f"{name!s:{wide}} {weight:7.3f}  {why}"
            for name, weight, why in zip(told.index, told["weight"], told["why"], strict=True)
        ]
        by_regime = self.by_regime
        told_trades = [] if self.trades is None else [trades_story(self.trades)]
        parts = ["\n".join(lines), by_regime.to_string(float_format="{:.3f}".format)]
        return "\n\n".join([*parts, *told_trades])


def run(
    *,
    as_of: Day | None = None,
    draws: int = 10_000,
    seed: int = 0,
    out: Path | None = None,
    add: Path | str | None = None,
    knowledge: Knowledge | None = None,
    scenarios: Sequence[str] | Path | None = None,
    normalise: bool = False,
    prices: str | None = None,
    believe: Sequence[str] = (),
    max_weight: float = 0.15,
    max_weights: Mapping[str, float] | None = None,
    layer_caps: Mapping[str, float] | None = None,
    cvar_level: float = 0.95,
    risk: float = 1.0,
    risk_aversion: float | None = None,
    benchmark: Mapping[str, float] | None = None,
    most_cash: float = 1.0,
    neutral_to: Mapping[str, float] | None = None,
    tickers: Sequence[str] | None = None,
    objective: str | None = None,
    limit: Sequence[str] = (),
    current: Mapping[str, float] | None = None,
    shares: Mapping[str, float] | None = None,
    money: float | None = None,
    cost: float = 0.0,
    progress: Callable[[str], None] = lambda step: None,
) -> Run:
    """Go from the facts to an allocation and write the run folder.

    Parameters
    ----------
    as_of
        Decision date: nothing published or priced later is used. By default the newest that the
        data support: the day to which the facts are complete or that of the newest close, whichever
        is earlier.
    draws, seed
        Simulated worlds.
    out
        Folder to write, by default ``runs/<id>``; what stands there is replaced.
    add
        Folder of one's own facts, companies and lines, read beside the shipped data; see
        :func:`marketsim.load_facts`.
    knowledge
        In place of the shipped data and a folder: what :func:`marketsim.load_facts` or
        :func:`marketsim.add_company` returned. It ends on its ``as_of``, and so does what is
        decided; :func:`marketsim.runs.compare` cannot make such a run again.
    scenarios
        Names of regimes, or a TOML file of them; all embedded ones by default.
    normalise
        Take probabilities of that file that do not sum to one in proportion.
    prices
        A file of closes, or ``yahoo``; the embedded snapshot by default.
    believe
        Tickers of that file whose closes are taken as they stand, jumps and all; see
        :func:`marketsim.load_prices`.
    max_weight, max_weights, layer_caps
        As in :func:`marketsim.allocate`.
    cvar_level, risk
        The choice has the highest expected return whose CVaR, at this level, is no more than
        ``risk`` times that of the benchmark.
    risk_aversion
        In place of that: expected return less so many times CVaR.
    benchmark
        Weights by ticker, by default companies by market value.
    most_cash
        The most that may stay in cash, which earns the yield of the newest three-month bill known;
        at 0 all is invested.
    neutral_to
        By assumption, the most by which the expected return may change, up or down, for a standard
        deviation of it: ``{"hurdle_rate": 0.03}``; see :func:`marketsim.limits.neutral_to`.
    progress
        Called with the name of each step as it begins.

    Returns
    -------
    Run
        The folder holds run.json, allocation.csv, reasons.csv, contributions.csv, alternatives.csv,
        prospects.csv, frontier.csv, by_scenario.csv, value.csv, statements.csv,
        valuation_assumptions.csv, sensitivities.csv, information.csv, implied.csv,
        regimes_apart.csv, stress.csv, stress_odds.csv, neutral.csv (where that was asked for),
        trades.csv (where it was said what is held), assumptions.csv, forecast.csv, outlook.csv,
        paradox.csv, returns.parquet, paths.parquet, fit.csv and report.html.

    Raises
    ------
    MarketsimError
        For anything the caller can put right, before the long steps where it can be seen there.
    """
    check_folder(out)
    asked = Question(
        as_of=as_of,
        draws=draws,
        seed=seed,
        add=add,
        knowledge=knowledge,
        scenarios=scenarios,
        normalise=normalise,
        prices=prices,
        believe=believe,
        max_weight=max_weight,
        max_weights=max_weights,
        layer_caps=layer_caps,
        cvar_level=cvar_level,
        risk=risk,
        risk_aversion=risk_aversion,
        benchmark=benchmark,
        most_cash=most_cash,
        neutral_to=neutral_to,
        tickers=tickers,
        objective=objective,
        limit=limit,
        current=current,
        shares=shares,
        money=money,
        cost=cost,
    )
    found = decided(asked, progress)
    known, posterior, regimes = found.knowledge, found.posterior, found.regimes
    paths, returns, decision, fresh = found.paths, found.returns, found.decision, found.fresh
    companies, table = found.companies, known.universe.companies
    date = str(found.date.date())
    choice = decision.choice
    progress("finding what moves them")
    slopes, worth_knowing = sensitivities(choice), known_worth(choice)
    assumed, near = moving(decision, slopes), nearly_as_good(choice)
    progress("finding what sets scenarios apart")
    apart = extremes_apart(choice)
    progress("looking for worlds that lose as much")
    lost = losing(choice, found.coming)
    progress("asking prices what they assume")
    priced = priced_in(choice)
    progress("looking ahead ten years")
    years = outlook(regimes, draws=YEARLY_DRAWS, seed=seed)

    progress("doubling efficiency")
    doubled = paradox(posterior, draws=DOUBLED_DRAWS, seed=seed)

    progress("writing the run folder")
    arguments = arguments_of(asked, date, regimes.names)
    meta = _meta(arguments, known, regimes, returns.world.prices, decision)
    unknown = list(returns.world.without_accounts)
    meta |= {
        "without_price": found.absent,
        "without_accounts": unknown,
        "newest": fresh.record(),
        "warnings": fresh.warnings,
    }
    folder = out or Path("runs") / f"{date}-{_digest(meta)[:10]}"
    files = result_files(
        decision,
        near,
        slopes,
        assumed,
        worth_knowing,
        apart,
        lost,
        priced,
        paths,
        posterior,
        years,
        doubled,
    )
    files["forecast.csv"] = found.coming.to_csv().encode()
    held = asked.held
    traded = None if held is None else trades(held, choice.weights, closes_in(returns))
    if traded is not None:
        files["trades.csv"] = traded.to_csv(lineterminator="\n").encode()
    meta = {**meta, "results": digests(files)}
    page = report_html(
        RunContents(
            meta=meta,
            allocation=choice,
            scenarios=scenario_table(regimes),
            revenue_fan=revenue_fan(paths, posterior),
            world_fan=world_fan(paths),
            fit=posterior.fit,
            fit_paths=posterior.fit_paths,
            sensitivities=slopes.table(),
            information=worth_knowing,
            implied=priced,
            apart=pd.DataFrame() if apart is None else apart.table(),
            apart_regimes=("", "") if apart is None else (apart.start, apart.end),
            names={t: str(table["company"][t]) for t in companies},
            layers=found.layers | ({CASH: CASH} if CASH in choice.weights.index else {}),
            flagship=known.universe.only("merchant_line"),
            outlook=years.table,
            binding=years.binding,
            paradox=doubled.table,
            elasticity=doubled.elasticity,
            alternatives=decision.alternatives,
            alternative_weights=decision.weights,
            prospects=decision.prospects,
            ranges=near,
            frontier=decision.frontier,
            by_regime=decision.by_regime,
            parts=decision.parts,
            reasons=decision.reasons,
            neutral=pd.DataFrame() if decision.neutral is None else decision.neutral.table,
            value=value_table(returns.world),
            valuation=assumed,
            trades=pd.DataFrame() if traded is None else traded,
            stress=lost,
        ),
    )
    text = json.dumps(meta, indent=2, sort_keys=True, default=str) + "\n"
    replace_folder(folder, {**files, REPORT: page.encode(), RECORD: text.encode()})
    return Run(
        folder,
        folder / REPORT,
        posterior,
        paths,
        choice,
        slopes,
        decision.reasons,
        decision.by_regime,
        tuple(fresh.warnings),
        traded,
    )


def _meta(
    arguments: Mapping[str, Any],
    knowledge: Knowledge,
    regimes: Scenarios,
    market: Any,
    decision: Decision,
) -> dict[str, Any]:
    return {
        "as_of": arguments["as_of"],
        "draws": arguments["draws"],
        "seed": arguments["seed"],
        "horizon_years": 1.0,
        "objective": decision.objective,
        "cash": None if decision.cash is None else decision.cash.record(),
        "neutral": [] if decision.neutral is None else decision.neutral.record(),
        "arguments": dict(arguments),
        "facts_digest": knowledge.facts.digest,
        "knowledge_digest": knowledge.digest,
        "added": list(knowledge.added),
        "scenarios_digest": _digest([str(r) for r in regimes.regimes]),
        "price_source": f"{arguments['prices']}, as of {market.as_of.date()}",
        "prices_digest": _digest(market.statistics.round(12).to_csv()),
        "versions": versions(),
        "git_commit": git_commit(),
    }


def _digest(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()
