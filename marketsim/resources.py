"""Where the files that ship with marketsim lie: the facts and prices, and the strategies.

A wheel carries them inside the package, an editable install and a bare checkout have them
beside it, and a user may point elsewhere. Folders are found by path, never by import, since
the mapped names of a wheel do not import from an editable install.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

from marketsim.errors import DataError, InputError, nearest

__all__ = ["folder"]

PACKAGE: Final = Path(__file__).resolve().parent
OVERRIDES: Final = {"data": "MARKETSIM_DATA", "strategies": "MARKETSIM_STRATEGIES"}


def folder(name: Literal["data", "strategies"]) -> Path:
    """Folder of the data or of the strategies.

    The environment's MARKETSIM_DATA or MARKETSIM_STRATEGIES comes first, then the installed
    package, then the checkout. An empty variable counts as unset.

    Parameters
    ----------
    name : {"data", "strategies"}
        Which folder.

    Returns
    -------
    Path
        An existing folder, absolute.

    Raises
    ------
    InputError
        There is no such kind of folder.
    DataError
        The override names no folder, or the installation has lost its own.
    """
    if name not in OVERRIDES:
        raise InputError(
            f"no folder '{name}'; marketsim ships {', '.join(OVERRIDES)}.{nearest(name, OVERRIDES)}"
        )
    override = os.environ.get(OVERRIDES[name])
    return _overridden(name, override) if override else _shipped(name)


def _overridden(name: str, override: str) -> Path:
    path = Path(override).expanduser().absolute()
    if not path.is_dir():
        raise DataError(
            f"{OVERRIDES[name]}: '{override}' is not a folder; "
            f"name an existing one, or unset it to use the {name} that ship with marketsim"
        )
    return path


def _shipped(name: str) -> Path:
    places = (PACKAGE / f"_{name}", PACKAGE.parent / name)
    for place in places:
        if place.is_dir():
            return place
    raise DataError(
        f"the {name} of marketsim are missing: neither {places[0]} nor {places[1]} is a folder; "
        f"reinstall, or set {OVERRIDES[name]}"
    )
