"""The verdict on a file of closes: what it names, and that a sound one is called sound."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketsim.cli import main
from marketsim.errors import InputError
from marketsim.prices import PriceCheck, check_prices
from marketsim.prices.sessions import sessions_of
from marketsim.resources import folder

FIRST, LAST = pd.Timestamp("2022-01-03"), pd.Timestamp("2023-12-29")
FOUND = sessions_of("XNYS", FIRST, LAST)
assert FOUND is not None
DAYS = FOUND.rename("date")


def walk(*tickers: str, days: pd.DatetimeIndex = DAYS) -> pd.DataFrame:
    names = list(tickers or ("AAA", "BBB", "SPY"))
    steps = np.random.default_rng(0).normal(3e-4, 0.012, (len(days), len(names)))
    return pd.DataFrame(100.0 * np.exp(steps.cumsum(axis=0)), days, names)


def told(check: PriceCheck, verdict: str) -> list[str]:
    return [str(remark) for remark in check.remarks if remark.verdict == verdict]


def test_a_sound_panel_is_sound() -> None:
    check = check_prices(walk())
    assert check.remarks == ()
    assert str(check) == (
        "the frame of prices: 3 tickers, 501 days from 2022-01-03 to 2023-12-29\nverdict: sound"
    )


def test_sessions_are_those_of_the_exchange_up_to_both_bounds() -> None:
    assert DAYS[0] == FIRST
    assert DAYS[-1] == LAST
    assert pd.Timestamp("2022-06-20") not in DAYS  # Juneteenth
    old = sessions_of("XNYS", pd.Timestamp("1995-01-03"), pd.Timestamp("1995-01-09"))
    assert old is not None
    assert len(old) == 5  # longer ago than a calendar without bounds begins


def spoilt(name: str) -> pd.DataFrame:
    """A panel with one thing wrong."""
    panel, place = walk(), np.arange(len(DAYS))
    own = panel["AAA"]
    changed = {
        "split": own.where(place > 250, own * 4.0),
        "pence": own.where(place != 250, own * 100.0),
        "stale": own.where((place < 100) | (place > 130), own.iloc[100]),
        "still": own.where((place < 100) | (place > 107), own.iloc[100]),
        "gap": own.where((place < 100) | (place > 109)),
        "holes": own.where(~np.isin(place, [100, 101, 200])),
        "late": own.where(place > 99),
        "ended": own.where(place < 300),
        "few": own.where(place > len(DAYS) - 50),
        "none": own * np.nan,
    }
    if name in changed:
        return panel.assign(AAA=changed[name])
    if name == "alone":
        return panel.drop(columns="SPY")
    if name == "holiday":
        return panel.reindex(pd.bdate_range(FIRST, LAST, name="date")).ffill()
    if name == "early":
        return panel.set_axis(DAYS - pd.Timedelta(days=1))
    return panel


@pytest.mark.parametrize(
    ("name", "verdict", "says"),
    [
        ("split", "refused", "AAA: on 2023-01-03 .*as at a split of 4 for 1"),
        ("pence", "refused", "AAA: on 2022-12-30 .*as pence are to pounds"),
        ("stale", "refused", "AAA: the same close 31 times in a row from 2022-05-26"),
        ("still", "doubtful", "AAA: the same close 8 times in a row"),
        ("gap", "refused", "AAA: no close on 10 sessions from 2022-05-26 on"),
        ("holes", "doubtful", "AAA: no close on 3 sessions, the first 2022-05-26"),
        ("late", "noted", "AAA: begins on 2022-05-26: a later listing"),
        ("ended", "noted", "AAA: ends on 2023-03-14: delisted, renamed"),
        ("few", "doubtful", "AAA: 49 closes; statistics want 61"),
        ("none", "doubtful", "AAA: no closes"),
        ("alone", "noted", "no SPY: beta is measured against the mean"),
        ("holiday", "doubtful", "AAA: 19 closes on days without a session, the first 2022-01-17"),
        ("early", "refused", "AAA: on 2022-01-02 its days run from Sunday to Thursday"),
    ],
)
def test_what_is_wrong_is_named(name: str, verdict: str, says: str) -> None:
    check = check_prices(spoilt(name))
    found = "\n".join(told(check, verdict))
    assert pd.Series([found]).str.contains(says).all(), str(check)
    assert check.usable == (verdict != "refused")
    assert str(check).splitlines()[-1].startswith(
        "verdict: refused" if verdict == "refused" else "verdict: usable" if verdict == "doubtful"
        else "verdict: sound"
    )  # fmt: skip


def test_closes_that_ship_are_usable() -> None:
    assert check_prices(folder("data") / "prices" / "embeddable.csv").usable


def test_a_name_that_went_on_as_another_is_found() -> None:
    """Two halves of one share, whose rename no table has."""
    panel = walk("OLD", "SPY")
    panel["NEW"] = panel["OLD"].where(DAYS[200] <= DAYS)
    panel["OLD"] = panel["OLD"].where(DAYS[200] > DAYS)
    check = check_prices(panel)
    assert "OLD: ends on 2022-10-18 where NEW begins on 2022-10-19" in str(check)
    assert "write both as NEW" in str(check)
    assert check.usable
    panel["NEW"] *= 3.0  # another share's
    assert "where NEW begins" not in str(check_prices(panel))


def test_a_known_split_that_is_not_in_the_closes_is_named_with_its_day() -> None:
    panel = walk()
    panel["AAA"] = panel["AAA"].where(DAYS[250] <= DAYS, panel["AAA"] * 1.5)
    splits = pd.DataFrame({"entity": ["AAA"], "date": [DAYS[250]], "value": [1.5]})
    assert check_prices(panel).usable
    assert "as at its split of 1.5 for 1 on 2022-12-30" in str(check_prices(panel, splits=splits))


def test_coins_trade_on_all_days() -> None:
    every = pd.date_range(FIRST, LAST, name="date")
    check = check_prices(walk("BTC-USD", "SPY", days=every), "BTC-USD")
    assert told(check, "doubtful") == []
    assert any(
        remark.startswith("BTC-USD: it trades at weekends; a year has 365 days where all tickers")
        for remark in told(check, "noted")
    )


def test_today_and_days_to_come() -> None:
    today = pd.Timestamp.now("UTC").tz_localize(None).normalize()
    days = pd.bdate_range(end=today, periods=100, name="date")
    days = pd.DatetimeIndex([*days[days < today], today], name="date")
    assert "may still move" in str(check_prices(walk("SPY", days=days), exchange="24/7"))
    late = days + pd.Timedelta(days=7)
    assert "which is yet to come" in str(check_prices(walk("SPY", days=late), exchange="24/7"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_reading_repairs_is_told(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mine.csv"
    walk().assign(**{"^IRX": 4.0}).iloc[::-1].to_csv(path, encoding=encoding)
    check = check_prices(path)
    assert told(check, "repaired") == [
        "days were not in order; they are now",
        "^IRX: indices and yields, which nobody can hold; left out",
    ]
    assert check.usable


def test_a_long_table_may_go_by_ticker(tmp_path: Path) -> None:
    """One ticker after the other is an order, and days of one that go back and forth are none."""
    table = walk().reset_index().melt("date", var_name="ticker", value_name="close")
    path = tmp_path / "long.csv"
    table.sort_values(["ticker", "date"]).to_csv(path, index=False)
    assert told(check_prices(path), "repaired") == []
    table.sort_values("date", ascending=False, kind="stable").to_csv(path, index=False)
    assert told(check_prices(path), "repaired") == ["days were not in order; they are now"]


def test_a_ticker_asked_for_twice_is_looked_at_once() -> None:
    assert str(check_prices(walk(), ["AAA", "AAA"])).startswith("the frame of prices: 1 ticker,")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("date,AAA\n2024-01-02,1\n2024-01-03,-1\n", "line 3"),
        ("date,AAA\n2024-01-02,1\n2024-01-02,2\n", "twice"),
        ("nothing\n", "date"),
        ("", "read"),
        ("date,AAA\n2024-01-02,\n", "no closes"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_faults(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    check = check_prices(path)
    assert not check.usable
    assert says in str(check)
    assert str(check).startswith("mine.csv: no closes that can be read\nrefused:\n")


def test_without_calendars_the_days_of_all_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "exchange_calendars", None)
    check = check_prices(spoilt("gap"))
    assert "pip install 'marketsim[calendars]'" in str(check)
    assert "AAA: no close on 10 sessions" in str(check)


def test_names_that_are_not_there_are_input_errors() -> None:
    with pytest.raises(InputError, match=r"no exchange 'XNYZ'; .* as XNYS or 24/7\. Did you"):
        check_prices(walk(), exchange="XNYZ")
    with pytest.raises(InputError, match="no prices for ticker 'AAB'"):
        check_prices(walk(), "AAB")
    for none in (None, 3, ["a"]):
        with pytest.raises(InputError, match="source="):
            check_prices(none)  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"no file 'nowhere\.csv'"):
        check_prices("nowhere.csv")


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    return int(ended.value.code or 0)


class TestCommand:
    def test_the_page_shows_what_is_printed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        panel = walk("AAA", "BBB", "FB", "OLD", "SPY")
        panel = panel.assign(META=panel["FB"], NEW=panel["OLD"])
        place = np.arange(len(DAYS))
        panel["AAA"] = panel["AAA"].where(place > 250, panel["AAA"] * 4.0)
        panel["BBB"] = panel["BBB"].where(~np.isin(place, [100, 101, 200]))
        panel["FB"] = panel["FB"].where(pd.Timestamp("2022-06-08") >= DAYS)
        panel["META"] = panel["META"].where(pd.Timestamp("2022-06-08") < DAYS)
        panel["OLD"] = panel["OLD"].where(place < 200)
        panel["NEW"] = panel["NEW"].where(place >= 200)
        panel.iloc[::-1].to_csv(tmp_path / "panel.csv")
        monkeypatch.chdir(tmp_path)
        assert command("prices", "check", "panel.csv") == 1
        shown = capsys.readouterr().out
        page = Path(__file__).parents[1] / "docs" / "prices.md"
        assert f"$ marketsim prices check panel.csv\n{shown}```" in page.read_text("utf-8"), shown

    @pytest.mark.parametrize(("name", "code"), [("sound", 0), ("holes", 0), ("split", 1)])
    def test_the_verdict_is_printed(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, code: int
    ) -> None:
        path = tmp_path / "mine.parquet"
        spoilt(name).to_parquet(path)
        assert command("prices", "check", str(path)) == code
        shown = capsys.readouterr()
        assert shown.out.startswith("mine.parquet: 3 tickers, 501 days from 2022-01-03")
        assert shown.out.splitlines()[-1].startswith("verdict: ")
        assert shown.err == ""

    def test_what_is_no_file_is_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert command("prices", "check", "nowhere.csv") == 2
        assert capsys.readouterr().err.startswith("marketsim: no file 'nowhere.csv' of prices")

    def test_some_tickers_and_another_exchange(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "mine.csv"
        spoilt("split").to_csv(path)
        words = ["prices", "check", str(path), "--tickers", "BBB,SPY", "--exchange", "XNYS"]
        assert command(*words) == 0
        assert "mine.csv: 2 tickers" in capsys.readouterr().out

    def test_renames_and_splits_of_a_folder_of_ones_own(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        panel, place = walk("AAA", "NEW", "SPY"), np.arange(len(DAYS))
        panel["OLD"] = 3.0 * panel["NEW"].where(place < 200)
        panel["OLD"] *= np.where(place < 100, 1.6, 1.0)
        panel["NEW"] = 3.0 * panel["NEW"].where(place >= 200)
        panel.to_csv(tmp_path / "mine.csv")
        mine = tmp_path / "folder"
        mine.mkdir()
        (mine / "former_tickers.csv").write_text(
            "ticker,former,until,taken,source,confidence,note\n"
            f"NEW,OLD,{DAYS[199]:%Y-%m-%d},no,made up,sourced,\n",
            encoding="utf-8",
        )
        check = ["prices", "check", str(tmp_path / "mine.csv")]
        assert command(*check) == 0
        assert "are joined to those of NEW" not in capsys.readouterr().out
        assert command(*check, "--add", str(mine)) == 0
        shown = capsys.readouterr().out
        assert "mine.csv: 3 tickers" in shown
        assert f"closes of OLD up to {DAYS[199]:%Y-%m-%d} are joined to those of NEW" in shown
        (mine / "facts").mkdir()
        (mine / "facts" / "splits.csv").write_text(
            "quantity,entity,date,published,value,unit,source,confidence,note\n"
            f"stock_split,OLD,{DAYS[100]:%Y-%m-%d},{DAYS[99]:%Y-%m-%d},1.6,"
            "new shares per old,made up,sourced,\n",
            encoding="utf-8",
        )
        assert command(*check, "--add", str(mine)) == 1
        assert "as at its split of 1.6 for 1" in capsys.readouterr().out

    def test_help_imports_nothing_heavy(self) -> None:
        code = (
            "import sys; from marketsim import cli; import atexit;"
            "atexit.register(lambda: print([m for m in ('pandas', 'yfinance', 'pyarrow') "
            "if m in sys.modules]));"
            "cli.main(['prices', 'check', '--help'])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert done.returncode == 0
        assert done.stdout.strip().endswith("[]")


def test_a_jump_that_is_believed_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    check = check_prices(spoilt("split"), believe="AAA")
    assert check.usable
    [said] = [text for text in told(check, "noted") if text.startswith("AAA")]
    assert said.endswith(
        "as at a split of 4 for 1; give closes that are adjusted for splits; believed, as asked"
    )
    spoilt("split").rename_axis("date").to_csv(tmp_path / "mine.csv")
    for typed, code in (([], 1), (["--believe", "AAA"], 0)):
        with pytest.raises(SystemExit) as stop:
            main(["prices", "check", str(tmp_path / "mine.csv"), *typed])
        assert stop.value.code == code
        assert ("verdict: refused" in capsys.readouterr().out) == bool(code)
    with pytest.raises(InputError, match="'AAB'"):
        check_prices(spoilt("split"), believe=["AAB"])
