"""Writes the blocks of README.md and of pages in docs that are made of what the model says.

`make docs` runs it: a calibration, the claims, the outlook and the paradox, which it draws as well.
A block stands between `<!-- name: begin -->` and `<!-- name: end -->`; the rest of a page is
written by hand.
"""

from __future__ import annotations

import runpy
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import marketsim as ms
from marketsim.knowledge.fact_columns import COLUMNS
from marketsim.knowledge.loading import TABLES
from marketsim.observables import described
from marketsim.reporting.listing import assumptions_markdown, valuation_markdown
from marketsim.reporting.verdicts import claims_markdown
from marketsim.statements import statements_described
from marketsim.tables.markdown import columns_markdown, schema_markdown
from marketsim.valuation import valuation_assumptions, valuation_table
from marketsim.weights import TICKER_LAYERS, WEIGHTS

ROOT = Path(__file__).parents[1]
DOCS = Path(__file__).parent
FIGURE = DOCS / "paradox.svg"
PARADOX, APPETITE, MEMORY, LATENCY, PARTLY = (
    SimpleNamespace(**runpy.run_path(str(DOCS / f"{name}.py")))
    for name in ("paradox_figure", "appetite_news", "memory_swings", "speed_latency", "partly_read")
)
PAGES = (
    "README.md",
    "docs/calibration.md",
    "docs/data.md",
    "docs/model.md",
    "docs/outlook.md",
    "docs/valuation.md",
)
AS_OF = "2025-12-31"
WORDS = {"pinned": "pinned", "informed": "informed", "prior": "left to their priors"}


def blocks(posterior: ms.Posterior, doubled: ms.paradoxes.Paradox) -> dict[str, str]:
    """Every block by name."""
    results = ms.claims.evaluate_claims(posterior)
    base = ms.outlook(ms.load_scenarios(posterior, names=["base"]))
    early = {date: ms.calibrate(ms.load_facts(as_of=date)) for date in MEMORY.DATES}
    return declared() | {
        "appetite": APPETITE.table(posterior),
        "doubling": MEMORY.chances(posterior),
        "latencies": LATENCY.table(posterior),
        "memory swings": MEMORY.table(early),
        "assumptions": assumptions_markdown(ms.assumptions.describe_assumptions()),
        "claims": claims_markdown(results.table),
        "identified": identified(posterior),
        "left to priors": left_to_priors(posterior),
        "size": size(posterior),
        "observables": "\n".join(described()),
        "partly read": "\n".join(PARTLY.partly_read()),
        "statements": "\n".join(statements_described()),
        "outlook": f"```text\n{base}\n```",
        "outside": outside(ms.outlook(ms.load_scenarios(posterior))),
        "valuation": valued(),
        "paradox": f"```text\n{doubled}\n```",
    }


def outside(seen: ms.outlooks.Outlook) -> str:
    """Years in which each regime lies outside what was published: + above it, - below."""
    marked = seen.outside
    sign = marked["outside"].map({"above": "+", "below": "-"})
    years = marked.assign(year=marked["year"].astype(str).str[2:] + sign)
    table = years.pivot_table("year", "quantity", "regime", aggfunc=" ".join, sort=False)
    table = table.reindex(columns=seen.regimes).fillna("")
    rows = [["quantity", *seen.regimes], ["---"] * (1 + len(seen.regimes))]
    rows += [[str(name), *map(str, row)] for name, *row in table.itertuples()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def declared() -> dict[str, str]:
    """What tables may hold, as they are checked."""
    return {
        "facts": f"{columns_markdown(COLUMNS)}\n\n{example('facts/quarterly_revenue.csv')}",
        "tables": "\n\n".join(
            f"{schema_markdown(schema)}\n\n{example(schema.file)}" for schema in TABLES
        ),
        "weights": columns_markdown(WEIGHTS.columns),
        "ticker layers": columns_markdown(TICKER_LAYERS.columns),
    }


def example(file: str) -> str:
    """The names of the columns and the last row of a table that ships."""
    lines = (ROOT / "data" / file).read_text(encoding="utf-8").splitlines()
    return f"```text\n{lines[0]}\n{lines[-1]}\n```"


def valued() -> str:
    """What valuation assumes on the date."""
    assumed = valuation_assumptions(ms.load_facts(as_of=AS_OF))
    return valuation_markdown(valuation_table(assumed))


def identified(posterior: ms.Posterior) -> str:
    """How many assumptions the facts speak of, as part of a sentence."""
    status = posterior.identified().assumptions["status"]
    counts = [f"{(status == name).sum()} are {words}" for name, words in WORDS.items()]
    return f"of {len(status)} assumptions {', '.join(counts[:-1])} and {counts[-1]}"


def size(posterior: ms.Posterior) -> str:
    """What is calibrated on what, as part of a sentence."""
    assumptions = len(posterior.identified().assumptions)
    return (
        f"{len(posterior.fit)} series, {assumptions} assumptions and "
        f"{len(posterior.mode) - assumptions} news of quarters"
    )


def left_to_priors(posterior: ms.Posterior) -> str:
    """Every assumption that the facts leave to its prior, by group, folded away."""
    found = posterior.identified().assumptions["status"].to_frame()
    found["group"] = ms.assumptions.describe_assumptions(posterior=posterior)["group"]
    found["prior"] = found["status"] == "prior"
    lines = ["| group | left to its prior | of |", "|---|---|---|"]
    for group, members in found.groupby("group", sort=False):
        left = members.index[members["prior"]]
        names = ", ".join(together(left, members.index)) or "none"
        lines.append(f"| {group} | {names} | {len(left)} of {len(members)} |")
    summary = f"<summary>All {found['prior'].sum()} that are left to their priors</summary>"
    return "\n".join(["<details>", summary, "", *lines, "", "</details>"])


def together(left: Iterable[str], every: Iterable[str]) -> Iterator[str]:
    """Yield a field once with those members of it that are ``left``, or alone where all are."""
    whole = by_field(every)
    for field, members in by_field(left).items():
        some = members != whole[field]
        yield f"`{field}`" + (f" of {', '.join(members)}" if some else "")


def by_field(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the members of each field; of a scalar an empty one."""
    found: dict[str, list[str]] = {}
    for name in names:
        field, _, member = name.partition("[")
        found.setdefault(field, []).append(member.removesuffix("]"))
    return found


def replaced(page: str, made: Mapping[str, str]) -> str:
    """Return a page with the blocks that it has a place for.

    A block of several lines stands on lines of its own, one of a single line within a sentence.
    """
    for name, block in made.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        if page.count(begin) != page.count(end) or page.count(begin) > 1:
            raise ValueError(f"'{name}' needs one begin and one end, or neither")
        if begin in page:
            head, _, rest = page.partition(begin)
            gap = "\n" if "\n" in block else ""
            page = head + begin + gap + block + gap + end + rest.partition(end)[2]
    return page


def main() -> None:
    posterior = ms.calibrate(ms.load_facts(as_of=AS_OF))
    doubled = ms.paradox(posterior)
    made = blocks(posterior, doubled)
    figure = PARADOX.figure(doubled.table, doubled.elasticity)
    FIGURE.write_text(figure, encoding="utf-8")
    for name in PAGES:
        path = ROOT / name
        path.write_text(replaced(path.read_text(encoding="utf-8"), made), encoding="utf-8")


if __name__ == "__main__":
    main()
