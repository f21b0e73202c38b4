"""Knowledge: one frozen object, a user's folder beside what ships, and no name of it in code."""

from __future__ import annotations

import ast
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import marketsim as ms
from marketsim.calibration import window_at
from marketsim.calibration.observations import observe
from marketsim.calibration.prior import priors
from marketsim.calibration.serving import reference_model
from marketsim.errors import DataError
from marketsim.forecasting.panel import panel
from marketsim.knowledge.universe import Universe
from marketsim.resources import folder

AS_OF = pd.Timestamp("2025-12-31")
PACKAGE = Path(ms.__file__).parent
HEADERS = {
    "companies.csv": "ticker,company,layer,fiscal_year_end_month",
    "lines.csv": "ticker,segment,layer,share,base_growth,source",
    "models.csv": "name,developer,released,parameters,active,layers,weight_bytes,cache_bytes,"
    "source,confidence,note",
    "groups.csv": "group,member,label,meaning",
    "former_tickers.csv": "ticker,former,until,taken,source,confidence,note",
    "facts": "quantity,entity,date,published,value,unit,source,confidence,note",
}


def put(place: Path, file: str, *rows: str) -> Path:
    path = place / file
    path.parent.mkdir(parents=True, exist_ok=True)
    header = HEADERS["facts" if file.startswith("facts/") else file]
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return place


def xyz(place: Path, quarters: int = 16) -> Path:
    """A made-up maker of servers that closes its years in August, growing 2 % a quarter."""
    ends = pd.date_range(end="2025-11-30", periods=quarters, freq="3ME")
    rows = [
        f"quarterly_revenue,XYZ.total,{end:%Y-%m-%d},{end + pd.Timedelta(days=25):%Y-%m-%d},"
        f"{1000.0 * 1.02**i:.1f},USD m,made up,sourced,"
        for i, end in enumerate(ends)
    ]
    put(place, "companies.csv", "XYZ,Example Works,servers,8")
    put(place, "lines.csv", "XYZ,total,servers,0.005,0.03,made up")
    return put(place, "facts/mine.csv", *rows)


def faults(place: Path) -> list[str]:
    with pytest.raises(DataError) as raised:
        ms.load_facts(add=place)
    return str(raised.value).splitlines()


# ------------------------------------------------------------------- one object


def test_it_answers_as_its_facts_do(facts: ms.Knowledge) -> None:
    assert facts.as_of == AS_OF == facts.facts.as_of
    assert len(facts) == len(facts.table) == len(facts.facts)
    pd.testing.assert_series_equal(
        facts.latest("token_list_price"), facts.facts.latest("token_list_price")
    )


def test_looking_back_shows_neither_later_facts_nor_later_models(facts: ms.Knowledge) -> None:
    then = facts.upto("2024-06-30")
    assert then.table["published"].max() <= pd.Timestamp("2024-06-30")
    assert max(m.released for m in then.models.values()) <= pd.Timestamp("2024-06-30")
    assert reference_model(then).name == "Mixtral 8x22B"
    assert reference_model(facts).name == "DeepSeek-V3"
    assert list(facts.upto("2019-01-01").models) == ["GPT-3 175B"]  # something must be served
    assert facts.upto("2030-01-01") is facts


def test_the_digest_is_of_everything_it_holds(facts: ms.Knowledge) -> None:
    u = facts.universe
    first = u.companies.assign(layer=u.companies["layer"].where(u.companies.index != "MU", "cloud"))
    universes = [
        replace(u, companies=first),
        replace(u, breaks=u.breaks[1:]),
        replace(u, groups={**u.groups, "owners": {"NVDA": ""}}),
        replace(u, revenue_map=replace(u.revenue_map, share=u.revenue_map.share * 1.01)),
        replace(u, layers=u.layers.iloc[::-1]),
        replace(u, renames=u.renames[1:]),
    ]
    others = [
        *(replace(facts, universe=one) for one in universes),
        replace(facts, models=dict([*facts.models.items()][1:])),
        replace(facts, quantities=facts.quantities.iloc[1:]),
        facts.with_facts(facts.table.iloc[1:]),
        facts.upto("2025-12-30"),
    ]
    assert len({facts.digest, *(other.digest for other in others)}) == len(others) + 1
    assert ms.load_facts(as_of=AS_OF).digest == facts.digest == facts.copy().digest
    assert pickle.loads(pickle.dumps(facts)).digest == facts.digest


def test_a_copy_shares_no_table(facts: ms.Knowledge) -> None:
    copy = facts.copy()
    copy.table["value"] = 0.0
    copy.universe.companies["layer"] = ""
    assert ms.load_facts(as_of=AS_OF).digest == facts.digest


def test_a_group_that_is_missing_is_named(facts: ms.Knowledge) -> None:
    with pytest.raises(
        DataError, match=r"groups\.csv has no group 'owner'.* Did you mean 'owners'"
    ):
        facts.universe.group("owner")
    with pytest.raises(DataError, match="group 'owners': has AMZN, MSFT, GOOGL, META; keep one"):
        facts.universe.only("owners")


# ------------------------------------------------------------------- a folder beside the data


def test_what_was_added_is_named(tmp_path: Path) -> None:
    known = ms.load_facts(AS_OF, add=xyz(tmp_path))
    assert known.added == (
        "companies.csv: XYZ added",
        "lines.csv: XYZ.total added",
        "facts/mine.csv: 16 rows added",
    )
    assert ms.load_facts(AS_OF).added == ()


def test_a_company_of_ones_own_stands_behind_the_others(
    tmp_path: Path, facts: ms.Knowledge
) -> None:
    known = ms.load_facts(AS_OF, add=xyz(tmp_path))
    ours, theirs = known.universe, facts.universe
    assert [*ours.companies.index] == [*theirs.companies.index, "XYZ"]
    assert ours.revenue_map.lines == (*theirs.revenue_map.lines, "XYZ.total")
    np.testing.assert_array_equal(ours.revenue_map.share[:-1], theirs.revenue_map.share)
    assert len(known) == len(facts) + 16
    assert known.digest != facts.digest


def test_it_is_observed_has_priors_and_is_forecast_by_its_own_quarters(tmp_path: Path) -> None:
    known = ms.load_facts(AS_OF, add=xyz(tmp_path))
    window = window_at(AS_OF)
    (series,) = (s for s in observe(known, window) if s.name == "XYZ.total")
    np.testing.assert_allclose(series.value[-1], 1.02**15, rtol=1e-3)
    listed = {entry.name: entry for entry in priors(known, window)}
    assert listed["base_growth[XYZ.total]"].centre == 0.03
    (mine,) = (s for s in panel(known, AS_OF).series if s.entity == "XYZ.total")
    assert [f"{end:%Y-%m-%d}" for end in mine.ends(2)] == ["2026-02-28", "2026-05-31"]


@pytest.mark.slow
def test_it_goes_all_the_way(tmp_path: Path) -> None:
    """Calibrated, simulated and forecast; without a price it is left out of the returns alone."""
    posterior = ms.calibrate(ms.load_facts(AS_OF, add=xyz(tmp_path)))
    assert posterior.companies[-1] == "XYZ"
    fit = posterior.fit.set_index("series").loc["XYZ.total"]
    assert fit["rmse_log"] < 0.1
    ahead = ms.forecast(posterior, 2).table
    mine = ahead[ahead["ticker"] == "XYZ"]
    assert (mine["p50"] > 1000.0 * 1.02**15).all()
    paths = ms.simulate(ms.load_scenarios(posterior), draws=40, seed=0)
    assert np.isfinite(paths.revenue[:, :, -1]).all()
    returns = ms.revalue(paths, ms.load_prices(as_of=AS_OF))
    assert returns.tickers == paths.companies[:-1]
    assert returns.world.without_price == ("XYZ",)


def test_a_later_row_takes_the_place_of_a_shipped_one(tmp_path: Path, facts: ms.Knowledge) -> None:
    row = facts.select("quarterly_revenue", "META.total").iloc[-1]
    put(tmp_path, "lines.csv", "META,total,own_use,0.04,0.14,mine", "META,total,cloud,0.01,0.14,me")
    put(tmp_path, "companies.csv", "META,Facebook,own_use,12")
    put(
        tmp_path,
        "facts/mine.csv",
        f"quarterly_revenue,META.total,{row['date']:%Y-%m-%d},{row['published']:%Y-%m-%d},"
        "51000,USD m,mine,derived,",
        "quarterly_revenue,META.total,2016-03-31,2016-04-27,5382,USD m,mine,sourced,",
    )
    known = ms.load_facts(AS_OF, add=tmp_path)
    assert known.added == (
        "companies.csv: META replaced",
        "lines.csv: META.total added",
        "lines.csv: META.total replaced",
        "facts/mine.csv: 1 row added, 1 replaced",
    )
    assert known.universe.companies.loc["META", "company"] == "Facebook"
    lines = known.universe.revenue_map
    assert lines.lines == facts.universe.revenue_map.lines
    drawn = dict(zip(lines.layers, lines.share[lines.lines.index("META.total")], strict=True))
    assert {layer: s for layer, s in drawn.items() if s} == {"own_use": 0.04, "cloud": 0.01}
    assert known.series("quarterly_revenue", "META.total").iloc[-1] == 51000.0
    assert len(known) == len(facts) + 1


def test_the_shipped_data_added_to_themselves_change_nothing(
    tmp_path: Path, facts: ms.Knowledge
) -> None:
    data = folder("data")
    for path in (*data.glob("*.csv"), *(data / "facts").glob("*.csv")):
        target = tmp_path / path.relative_to(data)
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(path.read_bytes())
    again = ms.load_facts(AS_OF, add=tmp_path)
    assert again.digest == facts.digest
    assert all(" added" not in words for words in again.added)


def test_another_owner_or_model_is_a_row(tmp_path: Path) -> None:
    put(tmp_path, "groups.csv", "owners,ORCL,Oracle,mine", "reference_models,Mine,,mine")
    put(tmp_path, "models.csv", "Mine,Me,2025-03-01,100,10,50,1,70000,a config,sourced,")
    known = ms.load_facts(AS_OF, add=tmp_path)
    assert known.universe.group("owners")[-1] == "ORCL"
    assert reference_model(known).name == "Mine"
    assert reference_model(known.upto("2025-02-28")).name == "DeepSeek-V3"


def test_a_sum_over_members_of_whom_nothing_is_known_is_refused(tmp_path: Path) -> None:
    """It would be known nowhere, and with it what owners spend would be lost to calibration."""
    put(tmp_path, "groups.csv", "owners,NVDA,,mine", "laboratories,Mistral,,mine")
    found = faults(tmp_path)
    assert [fault.partition(": ")[2] for fault in found] == [
        "'NVDA' has no quarterly_capex, which is added up over all owners; add it to facts, or "
        "leave the row out",
        "'NVDA' has no quarterly_operating_cash_flow, which is added up over all owners; add it to "
        "facts, or leave the row out",
        "'Mistral' has no lab_revenue_run_rate, which is added up over all laboratories; add it to "
        "facts, or leave the row out",
    ]


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    put(tmp_path, "companies.csv", "XYZ,Example,hyperscaler,13", "UVW,Other,gpu,1")
    put(tmp_path, "lines.csv", "XYZ,total,servers,much,0.1,", "ABC,total,chips,0.1,0.1,")
    put(tmp_path, "groups.csv", "owners,XYY,,mine")
    put(
        tmp_path,
        "facts/mine.csv",
        "quarterly_revenue,XYZ.total,2025-01-31,2025-03-01,x,USD m,s,sure,",
    )
    place = f"{tmp_path.name}/"
    found = [fault.removeprefix(place) for fault in faults(tmp_path)]
    assert [fault.split(":")[0] for fault in found] == [
        "companies.csv, line 2, column fiscal_year_end_month",
        "companies.csv, line 2, column layer",
        "companies.csv, line 3, column layer",
        "companies.csv, line 3, column ticker",
        "lines.csv, line 2, column share",
        "lines.csv, line 3, column layer",
        "lines.csv, line 3, column ticker",
        "groups.csv, line 2, column member",
        "facts/mine.csv, line 2, column value",
        "facts/mine.csv, line 2, column confidence",
    ]
    assert "'hyperscaler' is not a layer; write one of accelerators, foundry" in found[1]
    assert "'gpu' is one of the group 'accelerators'; write that" in found[2]
    assert found[3].endswith("'UVW' has no line of revenue; add one to lines.csv")
    assert "'ABC' is not in companies.csv; add it there." in found[6]
    assert "'XYY' is not in companies.csv; add it there. Did you mean 'XYZ'?" in found[7]


def test_a_company_stands_in_a_layer_that_its_lines_draw_on(tmp_path: Path) -> None:
    put(tmp_path, "companies.csv", "XYZ,Example,cloud,12")
    put(tmp_path, "lines.csv", "XYZ,total,servers,0.01,0.1,")
    (fault,) = faults(tmp_path)
    assert fault.endswith("column layer: 'cloud' is none that its lines draw on: servers")


def test_a_file_that_would_be_passed_over_is_refused(tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("ticker\n")
    (tmp_path / "facts").mkdir()
    (tmp_path / "facts" / "mine.xlsx").write_bytes(b"")
    first, second = faults(tmp_path)
    assert first.startswith(f"{tmp_path.name}/line.csv is no table of marketsim; write ")
    assert first.endswith("Did you mean 'lines.csv'?")
    assert second.startswith(f"{tmp_path.name}/facts/mine.xlsx is no CSV file of facts")


def test_a_folder_without_anything_is_refused(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path)
    assert fault.startswith(f"'{tmp_path}' is empty; it may hold quantities.csv, layers.csv")
    (fault,) = faults(tmp_path / "none")
    assert "is not a folder" in fault


# ------------------------------------------------------------------- no name in code


def literals(tree: ast.AST) -> list[str]:
    """Every text of a module but its docstrings."""
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documents
    ]


def named(universe: Universe) -> set[str]:
    """What the universe calls by name: companies, lines, members of groups."""
    companies = {*universe.companies.index, *universe.companies["company"]}
    members = {member for group in universe.groups.values() for member in group}
    return companies | members | set(universe.revenue_map.lines)


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_no_company_line_chip_or_model_is_named_in_code(path: Path, facts: ms.Knowledge) -> None:
    """A text that is such a name, whole; within help, sources and examples they may stand."""
    names = named(facts.universe)
    found = literals(ast.parse(path.read_text(encoding="utf-8")))
    assert {text for text in found if text in names or text.partition(".")[0] in names} == set()


def test_a_ticker_holds_no_dot(tmp_path: Path) -> None:
    put(tmp_path, "companies.csv", "BRK.B,Example Works,cloud,12")
    put(tmp_path, "lines.csv", "BRK.B,total,cloud,0.005,0.03,made up")
    assert any("'BRK.B' holds a dot" in fault and "BRK-B" in fault for fault in faults(tmp_path))


@pytest.mark.parametrize("figure", ["0", "-57000"])
def test_a_revenue_of_zero_or_less_is_refused_as_it_is_read(tmp_path: Path, figure: str) -> None:
    row = f"quarterly_revenue,NVDA.total,2025-10-26,2025-11-19,{figure},USD m,mine,sourced,"
    put(tmp_path, "facts/z.csv", row)
    with pytest.raises(
        DataError, match=r"z\.csv, line 2, column value: NVDA.*figure is .* above 0"
    ):
        ms.load_facts(AS_OF, add=tmp_path)
