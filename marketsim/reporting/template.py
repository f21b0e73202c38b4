"""Fills the package's templates: text is escaped, and an unknown name is an error."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

__all__ = ["render"]


def render(name: str, values: Mapping[str, object]) -> str:
    """Fill the template `name` with `values`.

    Raises
    ------
    jinja2.UndefinedError
        The template asks for something that is not among the values.
    """
    folder = files("marketsim.reporting") / "templates"
    texts = {item.name: item.read_text("utf-8") for item in folder.iterdir()}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(values)
