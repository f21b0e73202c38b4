"""Tables a person may write that are not what they should be: where, what, what would be right."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.cli.tables import returns_at
from marketsim.errors import InputError, MarketsimError
from marketsim.returns import ReturnScenarios
from marketsim.scenarios import read_regimes, read_what_ifs
from marketsim.tables import decoding, read_frame, read_lines
from marketsim.weights import read_weights

DRAWS = "A,B\n0.1,-0.2\n-0.1,0.3\n0.2,0.1\n"


def beside(name: str, *fields: object) -> str:
    """The three draws and another column."""
    header, *rows = DRAWS.strip().split("\n")
    lines = [f"{row},{field}" for row, field in zip(rows, fields, strict=True)]
    return "\n".join([f"{header},{name}", *lines]) + "\n"


def many(name: str, of: Callable[[int], object]) -> str:
    """Twenty draws and another column."""
    draws = np.random.default_rng(0).normal(0.05, 0.2, (20, 2)).clip(-0.9).round(3)
    lines = [f"{a},{b},{of(i)}" for i, (a, b) in enumerate(draws)]
    return "\n".join([f"A,B,{name}", *lines]) + "\n"


def regimes(**probabilities: object) -> str:
    return "".join(
        f'[{name}]\nprobability = {odds}\nthesis = "It holds."\n'
        for name, odds in probabilities.items()
    )


RETURNS: dict[str, tuple[str | bytes, str]] = {
    "a word": (
        beside("C", 0.1, "much", 0.2),
        "draws.csv, line 3, column C: 'much' is not a number; write one",
    ),
    "an empty field": (beside("C", 0.1, "", 0.2), "draws.csv, line 3, column C: is empty"),
    "not a number": (
        beside("C", 0.1, "nan", 0.2),
        "draws.csv, line 3, column C: 'nan' is not a number; write one",
    ),
    "per cent": (
        beside("C", 0.1, "12%", 0.2),
        "draws.csv, line 3, column C: '12%' is not a number; write one (12 % is 0.12 as "
        "a fraction)",
    ),
    "a decimal comma": (
        beside("C", 0.1, '"0,2"', 0.1),
        "draws.csv, line 3, column C: '0,2' is not a number; write one (as 0.2: with a point)",
    ),
    "words alone": (
        beside("name", "up", "down", "up"),
        "columns name hold no numbers; returns must be fractions, and regimes stand in a "
        "column 'regime' or in regimes=",
    ),
    "days": (
        beside("Date", "2024-01-01", "2024-01-02", "2024-01-03"),
        "columns Date hold no numbers; returns must be fractions, and regimes stand in a "
        "column 'regime' or in regimes=",
    ),
    "a column twice": (
        DRAWS.replace("A,B", "A,A"),
        "draws.csv, line 1, column A: stands twice; each name needs one column",
    ),
    "a column without a name": (
        beside("", 1, 2, 3),
        "draws.csv, line 1: field 3 has no name; give every column one",
    ),
    "no header": (
        "0.1,-0.2\n0.3,0.1\n",
        "draws.csv, line 1: is a row of numbers; the first line names the columns",
    ),
    "no row": ("A,B\n", "draws.csv, line 1: holds names of columns and no row"),
    "one row": ("A,B\n0.1,0.2\n", "1 draw is no scenario set: give at least two draws"),
    "ragged": (
        DRAWS + "0.1\n",
        "draws.csv, line 5: 1 fields instead of 2; quote a field that holds ','",
    ),
    "semicolons": (
        DRAWS.replace(",", ";"),
        "draws.csv, line 1: separates fields by ';'; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
    "nothing": ("", "draws.csv, line 1: is empty"),
    "a workbook": (
        b"PK\x03\x04rest",
        "draws.csv: is an Excel workbook or another archive; save the sheet as CSV in UTF-8",
    ),
    "UTF-16 torn": (
        DRAWS.encode("utf-16")[:-1],
        "draws.csv, line 4: is torn UTF-16-LE; save it as UTF-8",
    ),
    "Draw": (
        beside("Draw", 0, 1, 2),
        "column 'Draw' is called like what tells rows apart: it is no return; leave it "
        "out, or make it the index",
    ),
    "scenario": (
        beside("scenario", 3, 1, 2),
        "column 'scenario' is called like what tells rows apart: it is no return; leave "
        "it out, or make it the index",
    ),
    "date": (
        beside("date", 20240101, 20240102, 20240103),
        "column 'date' is called like what tells rows apart: it is no return; leave it "
        "out, or make it the index",
    ),
    "INDEX": (
        beside("INDEX", 0.5, 0.3, 0.1),
        "column 'INDEX' is called like what tells rows apart: it is no return; leave it "
        "out, or make it the index",
    ),
    "horizon": (
        beside("horizon", 0.1, 0.1, 0.1),
        "column 'horizon' is called like what tells rows apart: it is no return; leave "
        "it out, or make it the index",
    ),
    "counting": (
        beside("k", 7, 8, 9),
        "column 'k' counts the rows: it is no return; leave it out, or make it the index",
    ),
    "counting down": (
        beside("k", 3, 2, 1),
        "column 'k' counts the rows: it is no return; leave it out, or make it the index",
    ),
    "counting by tens": (
        beside("k", 10, 20, 30),
        "column 'k' counts the rows: it is no return; leave it out, or make it the index",
    ),
    "the same": (
        beside("k", 1, 1, 1),
        "column 'k' is 1 in every draw, more than cash earns: it is no return; leave it "
        "out, or make it the index",
    ),
    "years": (
        many("k", lambda i: 2024 + i % 3),
        "column 'k' holds 2026, which no simple return is: prices, dates or counts? "
        "returns are fractions, 0.05 for 5 %",
    ),
    "prices": (
        many("k", lambda i: 150 + i * i % 7),
        "column 'k' is 152 in its middle draw, 1.52e+04 %: per cent or prices? returns "
        "are fractions, 0.05 for 5 %",
    ),
    "numbers of rows": (
        many("k", lambda i: (i * 7919) % 100003),
        "column 'k' holds 95028, which no simple return is: prices, dates or counts? "
        "returns are fractions, 0.05 for 5 %",
    ),
    "returns in per cent": (
        many("k", lambda i: 5 + i % 9),
        "column 'k' is 8.5 in its middle draw, 850 %: per cent or prices? returns are "
        "fractions, 0.05 for 5 %",
    ),
    "shares of one": (
        many("k", lambda i: 0.05),
        "column 'k' sums to 1, as probabilities do; call it 'probability', or 'cash' if it is that",
    ),
    "prob": (
        beside("prob", 0.3, 0.3, 0.3),
        "column 'prob' is called like probabilities and sums to 0.9, not to 1: mend it, "
        "leave it out, or give probabilities=",
    ),
    "Weight": (
        beside("Weight", 1, 2, 3),
        "column 'Weight' is called like probabilities and sums to 6, not to 1: mend it, "
        "leave it out, or give probabilities=",
    ),
    "odds": (
        beside("odds", 2, 1, 4),
        "column 'odds' is called like probabilities and sums to 7, not to 1: mend it, "
        "leave it out, or give probabilities=",
    ),
    "p": (
        beside("p", 0.2, 0.2, 0.2),
        "column 'p' is called like probabilities and sums to 0.6, not to 1: mend it, "
        "leave it out, or give probabilities=",
    ),
    "probability in per cent": (
        beside("probability", 30, 30, 40),
        "probabilities sum to 100; they must sum to 1: divide them by 100",
    ),
    "a probability below nothing": (
        beside("Probability", -0.3, 0.9, 0.4),
        "probability of draw 0 is -0.3; it must be 0 or more",
    ),
    "two of probabilities": (
        "A,p,prob\n0.1,0.5,0.2\n0.2,0.25,0.3\n0.3,0.25,0.5\n",
        "columns 'p' and 'prob' both hold probabilities; keep one",
    ),
    "more than all lost": (
        beside("C", -5, 10, 3),
        "return of C in draw 0 is -5 (1 such in all): a simple return is a fraction, "
        "never below -1",
    ),
}

WEIGHTS: dict[str, tuple[str | bytes, str]] = {
    "per cent": (
        "ticker,weight\nA,40\nB,60\n",
        "held.csv, column weight: sums to 100: per cent? write fractions of the whole, "
        "0.05 for 5 %",
    ),
    "amounts": (
        "ticker,weight\nA,1500\nB,2000\n",
        "held.csv, column weight: sums to 3500: shares or amounts? write fractions of "
        "the whole, 0.05 for 5 %",
    ),
    "twice": ("ticker,weight\nA,0.5\nA,0.5\n", "held.csv, line 3: 'A' stands twice; keep one"),
    "a word": (
        "ticker,weight\nA,half\nB,0.5\n",
        "held.csv, line 2, column weight: 'half' is not a weight; write a number",
    ),
    "empty": (
        "ticker,weight\nA,\nB,0.5\n",
        "held.csv, line 2, column weight: '' is not a weight; write a number",
    ),
    "a sign": (
        "ticker,weight\nA,50%\nB,0.5\n",
        "held.csv, line 2, column weight: '50%' is not a weight; write a number (50 % is "
        "0.5 as a fraction)",
    ),
    "no ticker": ("ticker,weight\n,0.5\nB,0.5\n", "held.csv, line 2, column ticker: is empty"),
    "a space": (
        "ticker,weight\n A,0.5\n",
        "held.csv, line 2, column ticker: ' A' begins or ends with a space; remove it",
    ),
    "a column misspelt": (
        "ticker,weigth\nA,1\n",
        "held.csv, line 1, column weigth: 'weigth' is not a column of this table. Did "
        "you mean 'weight'?\nheld.csv, line 1, column weight: is missing; the columns are "
        "ticker, weight",
    ),
    "no header": (
        "A,0.5\nB,0.5\n",
        "held.csv, line 1, column ticker: is missing; the columns are ticker, "
        "weight\nheld.csv, line 1, column weight: is missing; the columns are ticker, "
        "weight",
    ),
    "semicolons": (
        "ticker;weight\nA;0,5\n",
        "held.csv, line 1: separates fields by ';'; separate them by ',' and write "
        "decimals with a point, as in 1.5",
    ),
}

REGIMES: dict[str, tuple[str | bytes, str]] = {
    "more than one": (
        regimes(bull=0.5, base=0.6, bear=0.2),
        "mine.toml, line 1: the probabilities sum to 1.3, not to 1: bull 0.5 + base 0.6 "
        "+ bear 0.2; mend them, or take them in proportion by --normalise "
        "(normalise=True)",
    ),
    "less than one": (
        regimes(bull=0.5, bear=0.3),
        "mine.toml, line 1: the probabilities sum to 0.8, not to 1: bull 0.5 + bear 0.3; "
        "mend them, or take them in proportion by --normalise (normalise=True)",
    ),
    "per cent": (
        regimes(bull=60, bear=40),
        "mine.toml, line 1, regime 'bull': probability is 60; write a number above 0 and "
        "up to 1 (60 % is 0.6)\nmine.toml, line 4, regime 'bear': probability is 40; "
        "write a number above 0 and up to 1 (40 % is 0.4)",
    ),
    "a word": (
        regimes(bull='"much"'),
        "mine.toml, line 1, regime 'bull': probability is 'much'; write a number above 0 "
        "and up to 1",
    ),
    "nothing": ("", "mine.toml: no regime; write at least one [name] with a probability"),
    "a bracket open": (
        "[bull\nprobability = 1\n",
        "mine.toml, line 1, column 6: not valid TOML: Expected ']' at the end of a table "
        "declaration",
    ),
    "a decimal comma": (
        regimes(bull="0,5"),
        "mine.toml, line 2, column 16: not valid TOML: Expected newline or end of "
        "document after a statement",
    ),
    "twice": (
        regimes(bull=0.5) + regimes(bull=0.5),
        "mine.toml, line 4, column 6: not valid TOML: Cannot declare ('bull',) twice",
    ),
    "Latin": (
        regimes(bull=1.0).replace("It", "Caf\u00e9").encode("latin-1"),
        "mine.toml, line 3: is not UTF-8 (byte 0xe9, which is 'é' in Windows-1252); save "
        "it as UTF-8, in Excel as CSV UTF-8",
    ),
}

SHIFTS: dict[str, tuple[str | bytes, str]] = {
    "nothing": (
        "[dear]\n",
        "what.toml, line 1, what-if 'dear': shifts nothing; write an assumption and a number",
    ),
    "a word": (
        '[dear]\nhurdle_rate = "much"\n',
        "what.toml, line 2, what-if 'dear': 'hurdle_rate' = 'much'; write a number to set "
        "it to, 'x0.9', '+0.02' or one of add, multiply, set",
    ),
    "no table": (
        "hurdle_rate = 0.2\n",
        "what.toml, line 1, what-if 'hurdle_rate': 'hurdle_rate' is no what-if; write "
        "[hurdle_rate] and shifts below",
    ),
}

BREAKS = "entity,first,recast,kind,source\n"
COMPANIES = "ticker,company,layer,fiscal_year_end_month\n"
LINES = "ticker,segment,layer,share,base_growth,source\n"
MODELS = (
    "name,developer,released,parameters,active,layers,weight_bytes,cache_bytes,source,confidence,"
    "note\n"
)

FOLDERS: dict[str, tuple[str, str, str]] = {
    "a month": (
        "companies.csv",
        COMPANIES + "MU,Micron,memory,13\n",
        "my/companies.csv, line 2, column fiscal_year_end_month: '13' is not a month; "
        "write 1 to 12",
    ),
    "a name": (
        "companies.csv",
        COMPANIES + "MU,,memory,8\n",
        "my/companies.csv, line 2, column company: is empty",
    ),
    "cash": (
        "companies.csv",
        COMPANIES + "Cash,Cash Works,memory,8\n",
        "my/companies.csv, line 2, column ticker: 'Cash' is what money that is not invested is "
        "called; write the company's own\n"
        "my/companies.csv, line 2, column ticker: 'Cash' has no line of revenue; add one to "
        "lines.csv",
    ),
    "an index": (
        "companies.csv",
        COMPANIES + "^GSPC,S&P 500,memory,8\n",
        "my/companies.csv, line 2, column ticker: '^GSPC' is called like an index, which nobody "
        "can hold; write the company's own\n"
        "my/companies.csv, line 2, column ticker: '^GSPC' has no line of revenue; add one to "
        "lines.csv",
    ),
    "a company twice": (
        "companies.csv",
        COMPANIES + 2 * "MU,Micron,memory,8\n",
        "my/companies.csv, line 3: 'MU' stands twice; keep one",
    ),
    "a share": (
        "lines.csv",
        LINES + "MU,total,memory,60,0.05,x\n",
        "my/lines.csv, line 2, column share: '60' is not a share; write a number from 0 "
        "to 2 (60 % is 0.6)",
    ),
    "a share with a comma": (
        "lines.csv",
        LINES + 'MU,total,memory,"0,6",0.05,x\n',
        "my/lines.csv, line 2, column share: '0,6' is not a share; write a number from 0 "
        "to 2 (as 0.6: with a point)",
    ),
    "a rate": (
        "lines.csv",
        LINES + "MU,total,memory,0.2,10,x\n",
        "my/lines.csv, line 2, column base_growth: '10' is not a rate; write a number "
        "from -1 to 1 (10 % is 0.1)",
    ),
    "a layer alone": (
        "lines.csv",
        LINES + "MU,total,memory,,0.05,x\n",
        "my/lines.csv, line 2, column share: a layer needs a share, and a share a layer",
    ),
    "a break's day": (
        "breaks.csv",
        BREAKS + "MU.total,2024,,merger,x\n",
        "my/breaks.csv, line 2, column first: '2024' is not a day; write it as 2025-12-31",
    ),
    "a break's kind": (
        "breaks.csv",
        BREAKS + "MU.total,2024-03-31,,merge,x\n",
        "my/breaks.csv, line 2, column kind: 'merge' is not a kind of break; write "
        "redefined or merger. "
        "Did you mean 'merger'?",
    ),
    "bytes": (
        "models.csv",
        MODELS + "M,x,2024-03-31,8,8,32,16,1000,x,sourced,\n",
        "my/models.csv, line 2, column weight_bytes: '16' is not such a number; write "
        "bytes per parameter, 0.1 to 4",
    ),
    "complete": (
        "complete.csv",
        "quantity,complete,note\nbacklog,soon,\n",
        "my/complete.csv, line 2, column complete: 'soon' is not a day; write it as 2025-12-31",
    ),
    "taken": (
        "former_tickers.csv",
        "ticker,former,until,taken,source,confidence,note\nA,A,2020-01-31,maybe,x,sourced,\n",
        "my/former_tickers.csv, line 2, column former: 'A' is the present ticker, too; write what "
        "it was called before\n"
        "my/former_tickers.csv, line 2, column taken: 'maybe' is not an answer; write yes or no",
    ),
    "two names": (
        "former_tickers.csv",
        "ticker,former,until,taken,source,confidence,note\nNEW,OLD,2020-01-31,no,x,sourced,\n"
        "NEW,OTHER,2020-01-31,no,x,sourced,\nNEWER,OLD,2020-01-31,no,x,sourced,\n",
        "my/former_tickers.csv, line 3, column former: 'OTHER', and 'OLD' in another row, of NEW "
        "until 2020-01-31; keep the row that is right\n"
        "my/former_tickers.csv, line 4, column ticker: 'NEWER', and 'NEW' in another row, of OLD "
        "until 2020-01-31; keep the row that is right",
    ),
    "forward": (
        "quantities.csv",
        "quantity,units,forward,meaning\nmood,x,maybe,how\n",
        "my/quantities.csv, line 2, column forward: 'maybe' is not yes or no; write yes or no",
    ),
    "another file": (
        "company.csv",
        "a\nb\n",
        "my/company.csv is no table of marketsim; write quantities.csv, layers.csv, "
        "companies.csv, lines.csv, breaks.csv, groups.csv, models.csv, complete.csv, "
        "former_tickers.csv or facts/*.csv. Did you mean 'companies.csv'?",
    ),
}


def read_draws(path: Path) -> ReturnScenarios:
    return ReturnScenarios.from_frame(returns_at(path))


READERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "RETURNS": ("draws.csv", read_draws),
    "WEIGHTS": ("held.csv", read_weights),
    "REGIMES": ("mine.toml", read_regimes),
    "SHIFTS": ("what.toml", read_what_ifs),
}
CASES = [(kind, case) for kind in READERS for case in globals()[kind]]


def told(read: Callable[[], object]) -> str:
    with pytest.raises(MarketsimError) as raised:
        read()
    return str(raised.value)


def put(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_a_table_that_is_none_is_told(kind: str, case: str, tmp_path: Path) -> None:
    file, read = READERS[kind]
    text, says = globals()[kind][case]
    path = put(tmp_path / file, text)
    assert told(lambda: read(path)) == says


@pytest.mark.parametrize("case", FOLDERS)
def test_a_table_beside_the_facts_that_is_none_is_told(case: str, tmp_path: Path) -> None:
    file, text, says = FOLDERS[case]
    put(tmp_path / "my" / file, text)
    assert told(lambda: ms.load_facts(add=tmp_path / "my")) == says


# ------------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["nowhere.csv", "nowhere.parquet"])
def test_a_file_that_is_not_there_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    says = f"no file '{tmp_path / name}' of returns; give a CSV or Parquet file"
    assert told(lambda: returns_at(tmp_path / name)) == says
    assert told(lambda: read_weights(tmp_path / name)).startswith("no file '")


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    assert told(lambda: returns_at(tmp_path)).endswith(" is no file; name a file")


def test_a_torn_parquet_is_told_in_one_line(tmp_path: Path) -> None:
    path = put(tmp_path / "torn.parquet", b"PAR1")
    assert told(lambda: returns_at(path)).startswith("torn.parquet is no table in Parquet (")
    assert "\n" not in told(lambda: returns_at(path))


def test_a_file_has_a_largest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_BYTES", 10)
    (fault,) = read_lines(put(tmp_path / "large.csv", DRAWS)).faults
    assert "of text; write it as Parquet" in str(fault)


def test_a_packed_file_is_bounded_by_what_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    monkeypatch.setattr(decoding, "MOST_BYTES", 2**16)
    (fault,) = read_lines(put(tmp_path / "x.csv.gz", gzip.compress(b"0" * 2**20))).faults
    assert "of text; write it as Parquet" in str(fault)
    (fault,) = read_lines(put(tmp_path / "y.csv.gz", b"no")).faults
    assert str(fault) == "y.csv.gz: is not gzip, as its name says, or torn; write it again"


# ------------------------------------------------------------------- what is understood


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_same_draws_are_the_same_scenarios(encoding: str, end: str, tmp_path: Path) -> None:
    path = put(tmp_path / "draws.csv", DRAWS.replace("\n", end).encode(encoding))
    np.testing.assert_array_equal(read_draws(path).returns, [[0.1, -0.2], [-0.1, 0.3], [0.2, 0.1]])


def test_text_stays_text(tmp_path: Path) -> None:
    path = put(tmp_path / "held.csv", "ticker,weight,note\nNA,0.4,\nTRUE,0.3,x\n0123,0.3,y\n")
    assert list(read_weights(path)) == ["NA", "TRUE", "0123"]
    table = "NA,TRUE,Regime\n0.1,-0.2,NA\n-0.1,0.3,007\n0.2,0.1,TRUE\n"
    draws = read_draws(put(tmp_path / "draws.csv", table))
    assert draws.tickers == ("NA", "TRUE")
    assert draws.regime_names() == ("NA", "007", "TRUE")


@pytest.mark.parametrize("indexed", [True, False])
def test_weights_in_parquet(indexed: bool, tmp_path: Path) -> None:
    table = pd.DataFrame({"ticker": ["NA", "B"], "weight": [0.4, 0.6]})
    path = tmp_path / "held.parquet"
    (table.set_index("ticker") if indexed else table).to_parquet(path)
    assert read_weights(path) == {"NA": 0.4, "B": 0.6}
    table.assign(weight=[0.4, np.nan]).to_parquet(path)
    assert told(lambda: read_weights(path)) == (
        "held.parquet, row 1, column weight: '' is not a weight; write a number"
    )
    table.assign(ticker="A").to_parquet(path)
    assert told(lambda: read_weights(path)) == "held.parquet, row 1: 'A' stands twice; keep one"
    table[["ticker"]].to_parquet(path)
    assert "column weight: is missing" in told(lambda: read_weights(path))


@pytest.mark.parametrize("name", ["Probability", "prob", "P", "p", "Weight", "odds"])
def test_a_column_that_is_probabilities_is_read_as_such(name: str) -> None:
    frame = pd.DataFrame({"A": [0.1, 0.2, -0.1], "B": [0.0, 0.1, 0.3], name: [0.5, 0.25, 0.25]})
    scenarios = ReturnScenarios.from_frame(frame)
    assert scenarios.tickers == ("A", "B")
    np.testing.assert_array_equal(scenarios.probabilities, [0.5, 0.25, 0.25])


def test_tickers_that_look_like_labels_are_bought_for_what_they_return() -> None:
    names = ["P", "RUN", "PATH", "DAY", "LOW"]
    draws = np.random.default_rng(1).normal(0.05, 0.2, (50, 5))
    assert ReturnScenarios.from_frame(pd.DataFrame(draws, columns=names)).tickers == tuple(names)


def test_long_horizons_return_more() -> None:
    frame = pd.DataFrame({"A": [0.1, 0.2, -0.1], "B": [4.0, 3.5, 9.0]})
    with pytest.raises(InputError, match="in its middle draw, 400 %"):
        ReturnScenarios.from_frame(frame)
    assert len(ReturnScenarios.from_frame(frame, horizon_years=5.0)) == 3


def test_columns_in_levels_are_told() -> None:
    frame = pd.DataFrame({("x", "A"): [0.1, 0.2], ("x", "B"): [0.3, 0.1]})
    with pytest.raises(InputError, match="columns in levels"):
        ReturnScenarios.from_frame(frame)


def test_days_are_told() -> None:
    frame = pd.DataFrame({"A": [0.1, 0.2], "when": pd.to_datetime(["2024-01-01", "2024-01-02"])})
    with pytest.raises(InputError, match="columns when hold days"):
        ReturnScenarios.from_frame(frame)


def test_probabilities_may_be_taken_in_proportion(tmp_path: Path) -> None:
    path = put(tmp_path / "mine.toml", regimes(bull=0.6, bear=0.6))
    assert [one.probability for one in read_regimes(path, normalise=True)] == [0.5, 0.5]
    thirds = put(tmp_path / "thirds.toml", regimes(bull=0.33, base=0.33, bear=0.33))
    assert sum(one.probability for one in read_regimes(thirds)) == pytest.approx(1.0)


# ------------------------------------------------------------------- per cent for fractions

HUNDRED = {"A": 40.0, "B": 60.0}


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: ms.limits.Turnover(0.2, HUNDRED), "Turnover current sums to 100, as per cent do"),
        (lambda: ms.limits.Turnover(20, {"A": 1.0}), "Turnover.at_most is 20; it must be a share"),
        (lambda: ms.CVaR(0.95, relative_to=HUNDRED), "sums to 100, as per cent do; give fractions"),
        (
            lambda: ms.limits.Turnover(0.2, {"A": 900.0}),
            "Turnover current sums to 900, as amounts do",
        ),
    ],
)
def test_per_cent_of_what_is_held_is_told(make: Callable[[], object], says: str) -> None:
    assert says in told(make)


@pytest.mark.parametrize("caps", [{"max_weight": 15}, {"max_weights": {"A": 15}}])
def test_per_cent_of_a_cap_is_told(caps: dict[str, Any], tmp_path: Path) -> None:
    frame = read_frame(put(tmp_path / "draws.csv", DRAWS), "returns")
    said = told(lambda: ms.allocate(frame, ms.CVaR(0.95), **caps))
    assert "is 15; it must be a share between 0 and 1 (15 % is 0.15)" in said


# ------------------------------------------------------------------- the page about it


def test_what_the_page_says_of_ten_mistakes_is_what_is_said() -> None:
    """Each stands among the cases of these tests, but for the line and the file."""
    here = Path(__file__).parent
    page = (here.parent / "docs" / "data.md").read_text(encoding="utf-8")
    table = page.partition("## Ten mistakes")[2]
    messages = [row.split(" | ")[1].strip(" |`") for row in table.splitlines() if " | `" in row]
    sources = [here / f"test_tables{part}.py" for part in ("", "_facts", "_prices")]
    cases = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    said = {case.partition(": ")[2] or case for case in cases} | cases
    missing = [m for m in messages if m.partition(": ")[2] not in said and m not in said]
    assert len(messages) == 10
    assert missing == []
