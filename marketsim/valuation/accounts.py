"""What companies reported and what the market says of them, as arrays: facts, and no assumption."""

from __future__ import annotations

from jax import Array

from marketsim.model.tree import pytree

__all__ = ["Accounts", "Quotes"]


@pytree
class Accounts:
    """What companies reported, and what the calibrated history says of their years.

    By fiscal year, the newest last, [company, year]: whether it is ``known``; operating ``margin``
    as reported; ``price``, volume over revenue; over revenue too ``inputs`` that are passed on,
    what all ``fleets`` cost and what all compute was ``let`` at.

    By company, [company]: ``revenue`` of the last year, USD bn, which ended ``since`` years before
    the date; ``overhead``, gross less operating profit over revenue, nothing where it is unknown;
    depreciation over revenue in three years, ``written``, and what of it nothing was spent to
    replace, ``unreplaced``; whether it is a ``landlord``; ``tax_rate``; ``layer``, a number, -1 for
    none; ``net_debt``, USD bn, NaN where it is unknown.

    Of plant without fleets: whether there is a record of it, ``recorded`` [company]; what was spent
    on it, ``built``, revenue ``gained`` meanwhile, and the growth that is ``usual``, USD bn
    [company]; depreciation without fleets', ``worn``, and revenue of the years in which it was,
    ``turnover``, USD bn [company, year].

    Of fleets, [company]: ``fleet``, share of the world's; ``sold``, the share that lines would sell
    if owners let compute as lists do, and ``used``, what own use brings lines over what all compute
    is let at; ``at_home``; ``ai_share`` and ``exposure`` of revenue; what it ``borrowed`` of its
    capital spending, and the shares of who borrows all of it, ``builders`` of what is built and
    ``holders`` of compute. ``book``, value of all, USD bn, a scalar.
    """

    known: Array
    margin: Array
    price: Array
    inputs: Array
    fleets: Array
    let: Array
    revenue: Array
    since: Array
    overhead: Array
    written: Array
    unreplaced: Array
    landlord: Array
    tax_rate: Array
    layer: Array
    net_debt: Array
    recorded: Array
    built: Array
    gained: Array
    usual: Array
    worn: Array
    turnover: Array
    fleet: Array
    sold: Array
    used: Array
    at_home: Array
    ai_share: Array
    exposure: Array
    borrowed: Array
    builders: Array
    holders: Array
    book: Array


@pytree
class Quotes:
    """What the market says of companies, arrays [company].

    ``beta``, shrunk; ``market_cap``, USD bn, NaN where it is unknown; ``equity_share`` of
    enterprise value; ``volatility`` of log returns as it was, and their ``correlation``
    [company, company]; ``trust``, how much of a gap between value and price counts for what is
    known of accounts.
    """

    beta: Array
    market_cap: Array
    equity_share: Array
    volatility: Array
    correlation: Array
    trust: Array
