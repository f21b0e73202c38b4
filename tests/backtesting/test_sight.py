"""What loaders show a strategy: nothing after its date, from whatever thread or context."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import marketsim as ms
from marketsim.backtesting import backtest
from marketsim.errors import InputError
from tests.backtesting.panels import panel

FACTS = ms.load_facts()


def in_a_thread(load: Callable[[], Any]) -> Any:
    found: list[Any] = []

    def caught() -> None:
        try:
            found.append(load())
        except InputError as error:
            found.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    thread.join()
    if isinstance(found[0], InputError):
        raise found[0]
    return found[0]


def in_a_pool(load: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(load).result()


def in_a_context(load: Callable[[], Any]) -> Any:
    return contextvars.Context().run(load)


@pytest.mark.parametrize("way", [in_a_thread, in_a_pool, in_a_context])
@pytest.mark.parametrize("load", [ms.load_facts, ms.load_prices])
def test_no_thread_and_no_context_of_a_strategy_loads_what_came_later(
    way: Callable[[Callable[[], Any]], Any], load: Callable[[], Any]
) -> None:
    def oracle(history: ms.backtesting.History) -> dict[str, float]:
        way(load)
        return {"AAA": 1.0}

    with pytest.raises(InputError, match=r"own while strategy 'oracle' on 2021-03-01 is asked"):
        backtest(oracle, panel(), facts=FACTS, start="2021-03-01")
    assert way(load) is not None  # nobody is asked any more


def test_a_strategy_itself_loads_what_was_known() -> None:
    early: list[bool] = []

    def honest(history: ms.backtesting.History) -> dict[str, float]:
        early.append(bool((ms.load_facts().table["published"] <= history.date).all()))
        return {"AAA": 1.0}

    backtest(honest, panel(), facts=FACTS, start="2021-03-01")
    assert early == [True]
