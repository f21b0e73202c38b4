"""`outlook`: worlds by year and regime, and which of them lie outside what was published."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import Final

import jax
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from marketsim.ensemble import ahead, assumptions_at, coordinates_of, histories, news_of
from marketsim.errors import InputError, handed
from marketsim.forecasting.projection import plain_forecast
from marketsim.model import Quarter
from marketsim.model.units import LIMITS
from marketsim.scenarios import Scenarios
from marketsim.simulation import spent_over
from marketsim.simulation.worlds import begin

from .begun import BUILT, SPENDING, begun
from .catalogue import CATALOGUE
from .table import binding_of, table_of

__all__ = ["DRAWS", "QUARTERS", "Outlook", "outlook"]

QUARTERS: Final = 40
DRAWS: Final = 200

BINDING: Final = "binding"
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Outlook:
    """Worlds beside what was published of the world.

    Attributes
    ----------
    as_of
        The decision date: nothing published later bounds anything.
    table
        A row for each regime, year and quantity: median, 10 % and 90 % of the draws, the range
        that was published (NaN where it is open), its sources, and `outside`: ``above`` or
        ``below`` where the median lies outside a published range, or where nine draws in ten lie
        to one side of a lone figure. The first year is that which holds the last quarter of
        history; figures of a year are of calendar years and hold its quarters of history too. What
        owners spend is as reported and forecast (`begun`), and what all builders do from the date
        on as in :func:`marketsim.simulate`.
    binding
        regime, quarter_end, and the share of each of the model's limits in holding deliveries
        back: means over draws, which add to one.
    binding_by_draw
        The same world by world, array [regime, draw, quarter, limit], of the future; limits in the
        order of the columns.
    """

    as_of: pd.Timestamp
    table: pd.DataFrame
    binding: pd.DataFrame
    binding_by_draw: Floats

    def __repr__(self) -> str:
        years = self.table["year"]
        return (
            f"Outlook({years.min()} to {years.max()}; regimes: {', '.join(self.regimes)}; "
            f"as of {self.as_of.date()})"
        )

    @property
    def outside(self) -> pd.DataFrame:
        """The rows of the table that lie outside what was published."""
        return self.table[self.table["outside"] != ""].reset_index(drop=True)

    @property
    def regimes(self) -> list[str]:
        """Regimes, in the order of the table."""
        return list(dict.fromkeys(self.table["regime"]))

    def yearly_binding(self) -> pd.DataFrame:
        """Return the means over years of the shares in binding, by regime and year."""
        year = self.binding["quarter_end"].dt.year.rename("year")
        return self.binding.groupby(["regime", year], sort=False)[list(LIMITS)].mean()

    def to_csv(self) -> str:
        """Return the table as CSV; a side that is open is empty."""
        return self.table.to_csv(index=False, lineterminator="\n", float_format="%.6g")

    def to_json(self) -> str:
        """Return the date, the table and what binds as JSON, both as lists of rows."""
        days = self.binding.assign(quarter_end=self.binding["quarter_end"].dt.strftime("%Y-%m-%d"))
        both = {"table": self.table, "binding": days}
        rows = {
            name: json.loads(part.to_json(orient="records", double_precision=10))
            for name, part in both.items()
        }
        return json.dumps({"as_of": str(self.as_of.date()), **rows}, indent=1) + "\n"

    def __str__(self) -> str:
        from .text import outlook_text

        return outlook_text(self)


def outlook(
    scenarios: Scenarios, quarters: int = QUARTERS, draws: int = DRAWS, seed: int = 0
) -> Outlook:
    """Compare what the worlds of every regime say of the world with what was published.

    Parameters
    ----------
    scenarios
        From :func:`marketsim.load_scenarios`; what was published is read from the knowledge that
        their posterior was calibrated to, and so by its date.
    quarters
        Length of the future.
    draws
        Worlds of each regime. The k-th is that of :func:`marketsim.simulate` with the same seed,
        and regimes share pasts and news as they do there.
    seed
        Of the draws.

    Returns
    -------
    Outlook
        The rows are those of :data:`marketsim.outlooks.CATALOGUE`.

    Raises
    ------
    InputError
        For less than a year, or fewer than ten draws, of which no tenth could be told.
    """
    handed("outlook: scenarios", scenarios, Scenarios, "ms.load_scenarios(posterior)")
    if quarters < 4:
        raise InputError(f"outlook: {quarters} quarters are less than a year; ask for 4 or more")
    if draws < 10:
        raise InputError(f"outlook: {draws} draws have no tenth; ask for 10 or more")
    posterior, window = scenarios.posterior, scenarios.posterior.window
    quarter_ends = pd.DatetimeIndex([*window.history_ends, *window.ends(quarters)])
    kept = _worlds(scenarios, quarters, draws, seed)
    kept[SPENDING] = begun(kept[SPENDING], posterior, plain_forecast(posterior))
    binding = kept.pop(BINDING)[:, :, -quarters:]
    return Outlook(
        as_of=posterior.as_of,
        table=table_of(
            kept, scenarios.names, quarter_ends, int(window.last.year), posterior.knowledge
        ),
        binding=binding_of(binding.mean(axis=1), scenarios.names, quarter_ends[-quarters:]),
        binding_by_draw=binding,
    )


def _worlds(scenarios: Scenarios, quarters: int, draws: int, seed: int) -> dict[str, Floats]:
    """Return what rows measure, by their names, and what binds; [regime, draw, quarter, ...].

    Quarters are those of history, then those of the future.
    """
    posterior, number = scenarios.posterior, np.arange(draws)
    before = histories(
        coordinates_of(number, posterior.mode, posterior.covariance, seed),
        posterior.coordinates,
        posterior.setting,
        _measured,
    )
    regimes, owner = len(scenarios.names), np.asarray(posterior.setting.lines.owner)
    regime, past = np.repeat(np.arange(regimes), draws), np.tile(number, regimes)
    values = assumptions_at(before.link[past] + scenarios.moves[regime], posterior.coordinates)
    state = jax.tree.map(lambda x: x[past], before.state)
    after, sold = ahead(
        values,
        posterior.setting,
        state,
        news_of(before.coming, number, quarters, seed)[past],
        partial(_ahead, owner),
    )
    lives = begin(posterior, number, seed, quarters, "float64", plain_forecast(posterior)).lives
    own, owners = (np.exp(x[past]) for x in lives)
    buyers = spent_over(posterior, values, state.industry.log_base, sold, own, owners)
    after |= {name: after[name] * buyers for name in BUILT}
    return {
        name: np.concatenate([before.quarters[name][past], path], axis=1).reshape(
            regimes, draws, -1, *path.shape[2:]
        )
        for name, path in after.items()
    }


def _ahead(owner: Floats, quarters: Quarter) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return the same, and what companies sell and layers are paid, which buyers' lives hang on."""
    lines = np.asarray(quarters.lines) @ owner.T
    return _measured(quarters), {"lines": lines, "spending": np.asarray(quarters.spending)}


def _measured(quarters: Quarter) -> dict[str, Floats]:
    """Return what rows measure of a chunk's quarters, and what binds."""
    rows = {row.name: np.asarray(row.measure(quarters)) for row in CATALOGUE}
    return rows | {BINDING: np.asarray(quarters.binding)}
