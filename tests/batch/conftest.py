"""One precision for all batches of these tests, made here or by the command: it names jobs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from marketsim.provenance import float64


@pytest.fixture(scope="package", autouse=True)
def one_precision() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAX_ENABLE_X64", str(int(float64())))
        yield
