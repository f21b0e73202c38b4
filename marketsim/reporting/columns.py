"""Columns that the frames of a report have."""

from __future__ import annotations

from typing import Final

__all__ = ["COLUMNS", "OPTIONAL", "PERCENTILES"]

PERCENTILES: Final = ("p05", "p25", "p50", "p75", "p95")

COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "scenarios": ("probability", "thesis", "shifts"),
    "revenue_fan": ("ticker", "regime", "quarter_end", *PERCENTILES),
    "world_fan": ("quantity", "unit", "regime", "quarter_end", *PERCENTILES),
    "fit": (
        "series",
        "unit",
        "n",
        "rmse_log",
        "bias_log",
        "last_reported",
        "last_modelled",
        "confidence",
    ),
    "fit_paths": ("series", "quarter_end", "reported", "modelled"),
    "sensitivities": ("unit", "value", "sd", "portfolio_per_sd", "meaning"),
}
OPTIONAL: Final[dict[str, tuple[str, ...]]] = {
    "alternatives": ("expected_return", "over_cost", "active_risk", "cash"),
    "prospects": (
        "median",
        "p05",
        "p95",
        "chance_of_loss",
        "chance_below_cash",
        "chance_above_benchmark",
        "excess_over_volatility",
    ),
    "reasons": ("weight", "notable", "expected_return", "reduced_cost", "risk_share", "sentence"),
    "ranges": ("lowest", "highest"),
    "by_regime": ("probability", "expected_return", "error", "volatility", "VaR", "CVaR", "worst"),
    "parts": ("by", "part", "weight", "expected_return", "loss", "return_share", "loss_share"),
    "outlook": (
        "regime",
        "year",
        "quantity",
        "unit",
        "median",
        "p10",
        "p90",
        "published_low",
        "published_high",
        "source",
        "outside",
    ),
    "binding": ("regime", "quarter_end"),
    "paradox": ("limits", "elasticity", "year", "quantity", "median", "held"),
    "value": (
        "market_cap",
        "value_over_market",
        "middle_over_market",
        "model_growth",
        "implied_growth",
        "model_margin",
        "implied_margin",
        "margin_shortfall",
        "enterprise_over_profit",
        "expected_return",
        "carry",
        "regimes",
        "pull",
        "gaps",
    ),
    "valuation": ("value",),
    "implied": ("companies", "value_over_market"),
    "information": ("gain", "net", "moved", "beyond_chance"),
    "apart": ("unit", "start", "end", "portfolio", "meaning"),
    "neutral": ("within", "exposure", "without", "price", "against"),
    "trades": ("weight_now", "weight_then", "change", "money", "close", "shares", "cost"),
}
"""Columns of frames that may be left empty."""
