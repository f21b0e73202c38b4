"""Reports: what was decided and why, as one page that needs no network and no script."""

from __future__ import annotations

from .backtest_page import write_backtest_report
from .contents import RunContents
from .frontier_figure import frontier_figure
from .page import write_report

__all__ = ["RunContents", "frontier_figure", "write_backtest_report", "write_report"]
