"""Reports: what was decided and why, as one page that needs no network and no script."""

from __future__ import annotations

from .backtest_page import write_backtest_report
from .contents import RunContents
from .page import write_report

__all__ = ["RunContents", "write_backtest_report", "write_report"]
