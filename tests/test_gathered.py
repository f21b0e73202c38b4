"""Parts of many worlds, put together in any order and by any thread."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from marketsim.ensemble.gathered import Gathered

Part = dict[str, np.ndarray]


@given(st.integers(1, 23), st.integers(1, 9), st.integers(1, 7), st.randoms())
def test_parts_are_the_whole_in_whatever_order_they_come(
    worlds: int, quarters: int, chunk: int, chance: random.Random
) -> None:
    whole = {
        "rent": np.arange(worlds * quarters, dtype=float).reshape(worlds, quarters),
        "lines": np.arange(worlds * quarters * 3).reshape(worlds, quarters, 3).astype(np.float32),
    }
    found = Gathered[Part](worlds, quarters)
    places = [
        (slice(w, min(w + chunk, worlds)), slice(q, min(q + 4, quarters)))
        for w in range(0, worlds, chunk)
        for q in range(0, quarters, 4)
    ]
    chance.shuffle(places)

    def put(at: tuple[slice, slice]) -> None:
        # Chunks are padded: they hold more worlds than there is room for.
        found.put({n: np.concatenate([x[at], x[at][-1:]]) for n, x in whole.items()}, *at)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, places))
    for name, x in found.whole().items():
        assert x.dtype == whole[name].dtype
        np.testing.assert_array_equal(x, whole[name])


def test_of_nothing_kept_nothing_is_made() -> None:
    found = Gathered[tuple[()]](3, 4)
    found.put((), slice(0, 3), slice(0, 4))
    assert found.whole() == ()
