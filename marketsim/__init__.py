"""If computing gets cheaper, who earns what, and what should I own.

A structural model of AI infrastructure, differentiable from facts to returns, and an allocation
over its worlds. `load_facts -> calibrate -> load_scenarios -> simulate -> revalue -> allocate`.

The names are listed in `__init__.pyi`: those a script needs at the top, the rest by module, as in
`ms.claims.evaluate_claims`. Nothing is imported before it is asked for.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import Any

_LISTED = re.findall(
    r"^from (\.\w*) import (\w+) as \2$",
    Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"),
    re.MULTILINE,
)
_MODULES = frozenset(name for home, name in _LISTED if home == ".")
_HOMES = {name: home for home, name in _LISTED if home != "."}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for, and nothing before."""
    if name == "__version__":
        return import_module(".provenance", __name__).version(__name__)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
