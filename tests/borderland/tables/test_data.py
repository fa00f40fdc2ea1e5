"""The loader refuses every bad table, says where and what, and takes the good ones as they are."""

import contextlib
import json
import random
import re
import shutil
import time
from pathlib import Path

import frictionless
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from borderland.tables import data

REAL = Path(__file__).parents[3] / "data"
TABLES = [name for name, about in data.register().items() if "schema" in about]
# Regional, district, partner and pair tables; counts, rates, codes, flags, Cyrillic names, empty cells.
MUTATED = ["districts", "dyads", "ethnicity_kz_regions", "migration_partners", "net_migration", "regions"]


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A folder with the register and all tables, to be spoilt; `load` reads there."""
    for file in (REAL / data.REGISTER, *REAL.glob("*.csv")):
        shutil.copy(file, tmp_path)
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def rewrite(folder, name, change):
    """Apply `change` to the list of lines (header first, no line ends) of a copied table."""
    file = folder / f"{name}.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")


def set_cell(folder, name, line, column, text):
    def change(lines):
        header, cells = lines[0].split(","), lines[line - 1].split(",")
        assert len(header) == len(cells), "choose a row without quoted commas"
        cells[header.index(column)] = text
        return [*lines[: line - 1], ",".join(cells), *lines[line:]]

    rewrite(folder, name, change)


def refusal(name):
    with pytest.raises(data.DataError) as caught:
        data.load(name)
    first = caught.value.findings[0]
    assert first.file == f"data/{name}.csv"
    assert first.remedy, "every refusal says what to do"
    assert str(first) in str(caught.value)
    return caught.value.findings


def changed(name):
    """Whether the hash check sees a difference from the register."""
    return data.digest(name) != data.entry(name)["hash"]


# --- the real tables ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_every_table_loads_typed_and_with_its_units(name):
    frame = data.load(name)
    fields = data.entry(name)["schema"]["fields"]
    assert list(frame.columns) == [field["name"] for field in fields]
    kinds = {
        "string": ("str",),
        "number": ("float64",),
        "integer": ("int64", "Int64"),
        "boolean": ("bool", "boolean"),
    }
    for field in fields:
        assert str(frame[field["name"]].dtype) in kinds[field["type"]]
        if field.get("constraints", {}).get("required"):
            assert frame[field["name"]].notna().all()
    assert frame.attrs["units"] == {field["name"]: field["unit"] for field in fields if "unit" in field}
    assert frame.attrs["source"].startswith("Source")


def test_the_whole_folder_loads_in_seconds():
    start = time.process_time()  # not wall time: other work on the machine is none of the loader's business
    for name in TABLES:
        data.load(name)
    # 0.5 s on the machine this was written on; ten is what the build promises.
    assert time.process_time() - start < 10


def test_the_frictionless_validator_accepts_register_and_tables():
    report = frictionless.validate(str(REAL / data.REGISTER))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "message"])


def test_every_entry_tells_origin_licence_grade_breaks_and_hash():
    for name, about in data.register().items():
        assert about["licenses"], name
        assert all("title" in licence for licence in about["licenses"]), name
        assert all("title" in source and "path" in source for source in about["sources"]), name
        assert isinstance(about["redistributable"], bool), name
        assert about["grade"] in {"A", "B", "C"}, name
        assert about["boundary"], name
        assert all(cut["at"] and cut["note"] for cut in about["breaks"]), name


def test_rows_that_the_register_tells_are_those_of_the_table():
    told = {
        name: int(found[1])
        for name, about in data.register().items()
        if (found := re.fullmatch(r"(\d+) rows", about.get("coverage", ""))) and name in TABLES
    }
    assert told
    assert told == {name: len(data.load(name)) for name in told}


def test_no_text_of_the_register_says_a_thing_twice():
    def texts(value):
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                yield from texts(one)

    for name in TABLES:
        for text in texts(data.entry(name)):
            sentences = [one for one in re.split(r"(?<=[.;])\s+", text) if len(one) > 30]
            assert len(sentences) == len(set(sentences)), f"{name}: {text}"


def test_a_region_centre_has_one_name():
    """Maps take it from the table of places, tables and the text from that of regions."""
    centres = data.load("regions").set_index("unit")["centre"]
    places = data.load("places").query("region_centre")
    assert len(places)
    assert [*places["name"]] == [*centres[places["unit"]]]


def test_every_column_has_a_meaning_and_every_number_a_unit_and_bounds():
    for name in TABLES:
        for field in data.entry(name)["schema"]["fields"]:
            assert field["description"], f"{name}.{field['name']}"
            if field["type"] in {"integer", "number"}:
                assert field.get("unit"), f"{name}.{field['name']}"
            if field["name"] == "year":
                bounds = field["constraints"]
                assert "enum" in bounds or {"minimum", "maximum"} <= set(bounds), f"{name}.year"


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in TABLES
        if {"source", "page"} & {field["name"] for field in data.entry(name)["schema"]["fields"]}
        == {"source"}
    ],
)
def test_every_source_of_a_row_is_explained_in_the_register(name):
    known = {source.get("id") for source in data.entry(name)["sources"]}
    assert set(data.load(name)["source"].dropna()) <= known


def test_hashes_and_sizes_are_those_of_the_files():
    for name, about in data.register().items():
        assert data.digest(name) == about["hash"], name
        assert data.path(name).stat().st_size == about["bytes"], name


def test_published_totals():
    """Figures quoted by the offices and in the literature, found again in the tables."""
    population = data.load("population").set_index(["unit", "year", "reference", "vintage"])["persons"]
    assert population["RUS", 2021, "census", "census"] == 147_182_123
    assert population["RUS", 2010, "census", "census"] == 142_856_536
    assert population["KAZ", 2025, "1-january", "current"] == 20_283_399
    assert data.load("kazakhs_in_russia").set_index("year")["persons"][2010] == 647_732

    subjects = data.load("ethnicity_ru_regions").merge(data.load("regions"), on="unit")
    border = subjects[subjects["border"] & (subjects["group"] == "kazakh")].groupby("year")["persons"].sum()
    assert border.to_dict() == {2010: 583_402, 2021: 516_183}

    people = data.load("district_ethnicity").query("year == 2025").groupby("group")["persons"].sum()
    assert people["total"] == 20_283_399
    assert round(100 * people["kazakh"] / people["total"], 2) == 71.27
    assert round(100 * people["russian"] / people["total"], 2) == 14.61

    flows = data.load("migration_partners").set_index(["partner", "year", "direction"])["persons"]
    assert flows["KAZ", 2019, "arrivals"] - flows["KAZ", 2019, "departures"] == 39_166
    assert flows["KAZ", 1997, "arrivals"] == 235_903

    languages = data.load("native_language").query("unit == 'KAZ'")
    assert languages["persons"].sum() == 19_186_015


def test_the_study_area_is_nineteen_regions_from_west_to_east():
    border = data.load("regions").dropna(subset="order").sort_values("order")
    assert list(border["order"]) == list(range(1, 20))
    assert border["centre_lon"].is_monotonic_increasing
    assert border.groupby("country").size().to_dict() == {"KAZ": 7, "RUS": 12}


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MUTATED)
def test_a_file_cut_inside_a_row_is_refused(copy, name):
    file = copy / f"{name}.csv"
    raw = file.read_bytes()
    file.write_bytes(raw[: raw.index(b"\n", len(raw) // 2) - 3])
    (finding,) = refusal(name)
    assert "final newline" in finding.expected
    assert finding.line == raw[: len(raw) // 2].count(b"\n") + 1


@pytest.mark.parametrize("name", MUTATED)
def test_a_file_cut_between_rows_is_seen_by_the_hash(copy, name):
    rewrite(copy, name, lambda lines: lines[:-2])
    assert changed(name)


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16", "utf-8-sig", "koi8-r"])
def test_a_wrong_encoding_is_refused(copy, encoding):
    file = copy / "regions.csv"
    text = file.read_text(encoding="utf-8").replace("Ö", "O")  # the one letter a Cyrillic code page lacks
    file.write_bytes(text.encode(encoding))
    (finding,) = refusal("regions")
    assert "UTF-8" in finding.expected
    # In single-byte encodings the header is plain ASCII: the first Cyrillic name is in the first row.
    assert finding.line == (2 if encoding in {"cp1251", "koi8-r"} else 1)


def test_latin_letters_with_marks_in_the_wrong_encoding_are_refused(copy):
    file = copy / "regions.csv"
    file.write_bytes(file.read_bytes().replace("Öskemen".encode(), "Öskemen".encode("latin-1"), 1))
    (finding,) = refusal("regions")
    assert "0xd6" in finding.found


def test_a_decimal_comma_is_refused_bare_and_quoted(copy):
    set_cell(copy, "economy", 5, "value", "12,5")
    (finding,) = refusal("economy")
    assert (finding.line, finding.found[:7], finding.expected) == (5, "8 cells", "7 cells")
    assert "decimal comma" in finding.remedy
    shutil.copy(REAL / "economy.csv", copy)
    set_cell(copy, "economy", 5, "value", '"12,5"')
    (finding,) = refusal("economy")
    assert (finding.line, finding.column, finding.found) == (5, "value", "'12,5'")
    assert "decimal point" in finding.expected


@pytest.mark.parametrize("name", MUTATED)
def test_a_row_shifted_by_one_cell_is_refused(copy, name):
    def shift(lines):
        middle = next(i for i in range(len(lines) // 2, len(lines)) if '"' not in lines[i])
        cells = lines[middle].split(",")
        return [*lines[:middle], ",".join([cells[-1], *cells[:-1]]), *lines[middle + 1 :]]

    rewrite(copy, name, shift)
    findings = refusal(name)
    assert len({finding.line for finding in findings}) <= 2  # the row, and the one after it if out of order


@pytest.mark.parametrize("name", MUTATED)
def test_swapped_columns_are_refused_with_and_without_their_header(copy, name):
    original = pd.read_csv(copy / f"{name}.csv", dtype=str, keep_default_na=False)
    first, second = original.columns[:2]
    order = [second, first, *original.columns[2:]]
    original[order].to_csv(copy / f"{name}.csv", index=False, lineterminator="\n")
    (finding,) = refusal(name)
    assert finding.line == 1
    assert finding.expected == "columns " + ", ".join(original.columns)
    swapped = original.rename(columns={first: second, second: first})[order].set_axis(
        original.columns, axis=1
    )
    last, before = original.columns[-1], original.columns[0]
    swapped[before], swapped[last] = original[last], original[before]
    swapped.to_csv(copy / f"{name}.csv", index=False, lineterminator="\n")
    assert refusal(name)[0].line == 2


@pytest.mark.parametrize("name", MUTATED)
def test_a_duplicated_key_is_refused(copy, name):
    rewrite(copy, name, lambda lines: [*lines[:10], lines[9], *lines[10:]])
    (finding,) = [f for f in refusal(name) if f.column == ", ".join(data.entry(name)["schema"]["primaryKey"])]
    assert finding.line == 11
    assert "line 10 has it" in finding.expected


@pytest.mark.parametrize("name", ["migration_partners", "population", "vital_events", "net_migration"])
def test_a_row_out_of_order_is_refused(copy, name):
    rewrite(copy, name, lambda lines: [*lines[:5], lines[40], *lines[5:40], *lines[41:]])
    assert any("sorted by" in finding.expected for finding in refusal(name))


@pytest.mark.parametrize(
    ("name", "column", "text", "expected"),
    [
        ("population", "persons", "-5", "at least"),
        ("vital_events", "births", "-1", "at least"),
        ("migration_partners", "persons", "-1", "at least"),
        ("population", "unit", "KZ-XXX", "of data/regions.csv knows"),
        ("district_migration", "district", "KZ999999", "of data/districts.csv knows"),
        ("migration_partners", "partner", "XYZ", "of data/countries.csv knows"),
        ("population", "boundary", "current-21", "one of"),
        ("population", "year", "2031", "at most"),
        ("russian_status", "year", "2031", "at most"),
        ("population", "year", "2001.0", "a whole number"),
        ("population", "persons", "1.2E+05", "a whole number"),
        ("population", "persons", "NaN", "a whole number"),
        ("population", "persons", "", "may not be empty"),
        ("economy", "value", "nan", "a number"),
        ("economy", "value", "inf", "a number"),
        ("economy", "value", "", "may not be empty"),
        ("economy", "value", "1 5", "a number"),
        ("dyads", "contiguous", "yes", "true or false"),
        ("regions", "name", " Atyrau", "no blank"),
        ("regions", "centre", "NaN", "missing value"),
        ("regions", "name_ru", "Алта\u0438\u0306", "NFC"),
        ("districts", "district", "KZ1O1000", "pattern"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_refused_with_line_and_column(copy, name, column, text, expected):
    set_cell(copy, name, 20, column, text)
    about = [
        f for f in refusal(name) if f.line == 20 and column in f.column.split(", ") and expected in f.expected
    ]
    assert about, f"no finding names line 20, column {column}"
    assert repr(text)[1:-1] in about[0].found


def test_a_code_of_another_division_is_refused(copy):
    """KZ-AKM is known, current-20 is known, but not together."""
    line = next(
        i
        for i, row in enumerate(
            (copy / "net_migration.csv").read_text(encoding="utf-8").splitlines(), start=1
        )
        if row.startswith("KZ-AKM,")
    )
    set_cell(copy, "net_migration", line, "boundary", "current-20")
    assert [(f.line, f.column) for f in refusal("net_migration")] == [(line, "unit, boundary")]


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda raw: raw.replace(b"\n", b"\r\n"), "LF"),
        (lambda raw: raw.replace(b"KZ-AKM", b"KZ\x00AKM", 1), "LF"),
        (lambda raw: raw.replace(b"KZ-AKM", b'"KZ-AKM', 1), "one row a line"),
        (lambda raw: raw.replace(b"KZ-AKM,", b'"KZ-AKM"x,', 1), "RFC 4180"),
        (lambda raw: b"", "a final newline"),
        (lambda raw: b"\n", "columns unit"),
    ],
)
def test_a_file_that_is_no_table_is_refused(copy, spoil, expected):
    file = copy / "net_migration.csv"
    file.write_bytes(spoil(file.read_bytes()))
    assert expected in refusal("net_migration")[0].expected


def test_many_findings_are_counted_and_ten_shown(copy):
    rewrite(
        copy,
        "population",
        lambda lines: [lines[0], *(line.replace(",census,census,", ",poll,census,") for line in lines[1:])],
    )
    with pytest.raises(data.DataError) as caught:
        data.load("population")
    assert len(caught.value.findings) > 100
    lines = str(caught.value).splitlines()
    assert len(lines) == 11
    assert f"{len(caught.value.findings) - 10} more" in lines[-1]


@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_no_flipped_bit_passes_both_loader_and_hash(where, bit):
    file = REAL / "districts.csv"
    raw = bytearray(file.read_bytes())
    raw[int(where * len(raw))] ^= 1 << bit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_bytes", _with(file, bytes(raw), Path.read_bytes))
        assert changed(
            "districts"
        )  # a digit changed for another is the hash's to find, and it finds every one
        with contextlib.suppress(
            data.DataError
        ):  # and what is refused is refused in words, not with a traceback
            data.load("districts")


def _with(file, content, read_bytes):
    return lambda path: content if path.name == file.name else read_bytes(path)


@pytest.mark.parametrize("seed", range(5))
def test_a_flipped_digit_in_a_count_is_seen_by_the_hash(copy, seed):
    file = copy / "population.csv"
    raw = bytearray(file.read_bytes())
    digits = [i for i in range(200, len(raw)) if chr(raw[i]).isdigit()]
    raw[random.Random(seed).choice(digits)] ^= 1
    file.write_bytes(raw)
    assert changed("population")


# --- the register ---------------------------------------------------------------------------------


def test_a_missing_file_says_how_to_get_it_back(copy):
    (copy / "cities.csv").unlink()
    (finding,) = refusal("cities")
    assert "git checkout -- data/cities.csv" in finding.remedy


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(data.DataError, match="Did you mean population"):
        data.load("populaton")


def test_boundaries_are_not_tables():
    shapes = next(name for name, about in data.register().items() if "schema" not in about)
    with pytest.raises(data.DataError, match="a schema is read as a table"):
        data.load(shapes)
    assert data.path(shapes).is_file()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "valid JSON"),
        ("[]", "a JSON object"),
        ("{}", "a list `resources`"),
        ('{"resources": [{"name": "a"}]}', "entries with name, path"),
        ('{"resources": [{"name": "a", "path": "a.csv"}]}', "entries with title, publisher"),
        (
            '{"resources": [%s, %s]}'
            % (('{"name": "a", "path": "a.csv", "title": "A", "publisher": "P"}',) * 2),
            "once",
        ),
    ],
)
def test_a_broken_register_is_refused(copy, text, expected):
    (copy / data.REGISTER).write_text(text, encoding="utf-8")
    with pytest.raises(data.DataError) as caught:
        data.load("regions")
    assert caught.value.findings[0].file == f"data/{data.REGISTER}"
    assert expected in caught.value.findings[0].expected


def test_the_folder_is_found_from_below_and_named_by_the_variable(tmp_path, monkeypatch):
    monkeypatch.chdir(REAL.parent / "src" / "borderland")
    assert data.folder() == REAL
    monkeypatch.chdir(tmp_path)
    with pytest.raises(data.DataError, match=data.FOLDER_VARIABLE):
        data.folder()
    monkeypatch.setenv(data.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(data.DataError, match="unset the variable"):
        data.folder()


def test_adding_a_table_is_one_csv_and_one_register_entry(copy):
    (copy / "crossings_counted.csv").write_text(
        "unit,year,cars\nKZ-KUS,2023,10\nKZ-SEV,2023,7\n", encoding="utf-8"
    )
    register = json.loads((copy / data.REGISTER).read_text(encoding="utf-8"))
    register["resources"].append(
        {
            "name": "crossings_counted",
            "path": "crossings_counted.csv",
            "title": "Cars counted at the border",
            "publisher": "A border service",
            "schema": {
                "fields": [
                    {"name": "unit", "type": "string", "constraints": {"required": True}},
                    {"name": "year", "type": "integer", "unit": "year", "constraints": {"required": True}},
                    {"name": "cars", "type": "integer", "unit": "cars", "constraints": {"minimum": 0}},
                ],
                "primaryKey": ["unit", "year"],
                "foreignKeys": [{"fields": "unit", "reference": {"resource": "regions", "fields": "unit"}}],
            },
        }
    )
    (copy / data.REGISTER).write_text(json.dumps(register), encoding="utf-8")
    frame = data.load("crossings_counted")
    assert frame["cars"].tolist() == [10, 7]
    assert frame.attrs["units"]["cars"] == "cars"
    assert "crossings_counted" in data.register()
    assert data.source_line("crossings_counted") == "Source: A border service. Table: crossings_counted."
    assert frictionless.Package(str(copy / data.REGISTER)).get_resource("crossings_counted").read_rows()


def test_a_type_the_loader_does_not_know_is_refused(copy):
    register = json.loads((copy / data.REGISTER).read_text(encoding="utf-8"))
    entry = next(about for about in register["resources"] if about["name"] == "cities")
    entry["schema"]["fields"][2]["type"] = "geopoint"
    (copy / data.REGISTER).write_text(json.dumps(register), encoding="utf-8")
    with pytest.raises(data.DataError, match="the type geopoint"):
        data.load("cities")


def test_a_source_line_names_each_publisher_once():
    assert data.source_line("population", "regions", "vital_events") == (
        "Sources: Bureau of National Statistics of Kazakhstan; RusFMD, New Economic School; Rosstat. "
        "Tables: population, regions, vital_events."
    )
