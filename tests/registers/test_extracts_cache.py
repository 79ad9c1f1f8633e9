"""Raw extracts are read once: the cache, what it notices, and that raw files stay as they are."""

from __future__ import annotations

import json
import os

from raw_extracts import WRITERS, YEARS, canonical_frames, contents, write_extract, write_parquet

from si_eval.registers.extracts import read_extract


def test_simulated_extracts_say_so(tmp_path, cache):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    said = {"synthetic": True, "preset": "p", "scale": 0.01, "seed": 1, "calibrated": [{"a": 1}], "note": "n"}
    (folder / "simulation.json").write_text(json.dumps(said), encoding="utf-8")
    simulation = read_extract(folder, cache=cache).simulation
    assert simulation is not None
    assert simulation.calibrated == ({"a": 1},)
    assert simulation.seed == 1


# --- cache -----------------------------------------------------------------------------------------------------------


def test_the_cache_is_used_and_a_changed_file_is_read_again(tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["sav"])
    first = contents(read_extract(folder, cache=cache))
    assert (cache.stat().st_mode & 0o777) == 0o700

    def refuse(*_, **__):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("si_eval.registers.extracts.statistical.statistical_to_parquet", refuse)
        assert contents(read_extract(folder, cache=cache)) == first
    changed = canonical_frames()["participants"].assign(intensity=[9.0, 9.0, 9.0])
    WRITERS["sav"](changed, folder / "participants")
    assert set(read_extract(folder, cache=cache).tables["participants"].to_pandas()["intensity"]) == {9.0}


def test_years_stored_in_different_ways_are_read_again_as_they_were(tmp_path):
    """Files that were read before are opened together: only those whose columns, types, years and names are alike."""
    frames = canonical_frames()
    turnover = frames.pop("turnover")
    folder = write_extract(tmp_path / "raw", frames, write_parquet)
    ways = [
        lambda frame: frame.assign(turnover=frame["turnover"].round()).astype({"turnover": "int64"}),
        lambda frame: frame[frame.columns[::-1]],
        lambda frame: frame.astype({"quarter": "int8", "turnover": "float32"}).drop(columns="year"),
    ]
    for year, way in zip(YEARS, ways, strict=True):
        write_parquet(way(turnover[turnover["year"] == year]), folder / f"turnover_{year}")
        write_parquet(frames["business_units"].query("year == @year").drop(columns="year"), folder / f"units_{year}")
    (folder / "business_units.parquet").unlink()
    files = {"business_units": "units_{year}*"}
    first = contents(read_extract(folder, cache=tmp_path / "cache", files=files))
    assert contents(read_extract(folder, cache=tmp_path / "cache", files=files)) == first
    assert [sum(row[1] == year for row in first["turnover"]) for year in YEARS] == [12, 12, 12]
    assert [sum(row[1] == year for row in first["business_units"]) for year in YEARS] == [3, 3, 3]


def test_raw_files_are_not_changed_and_a_read_only_folder_works(tmp_path):
    cache = tmp_path / "cache"
    folder = write_extract(tmp_path / "raw", canonical_frames(), WRITERS["csv in cp1252"])
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}
    folder.chmod(0o500)
    try:
        read_extract(folder, cache=cache)
    finally:
        folder.chmod(0o700)
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()} == before
    assert not [path for path in cache.iterdir() if path.is_dir()], "nothing half-made stays behind"


# --- what is wrong ---------------------------------------------------------------------------------------------------


def test_progress_is_told(tmp_path, cache):
    told: list[str] = []
    read_extract(write_extract(tmp_path / "raw", canonical_frames(), write_parquet), cache=cache, progress=told.append)
    assert "reading turnover.parquet" in told


def test_the_environment_names_the_cache(tmp_path, monkeypatch):
    folder = write_extract(tmp_path / "raw", canonical_frames(), write_parquet)
    monkeypatch.setitem(os.environ, "SI_EVAL_CACHE", str(tmp_path / "elsewhere"))
    read_extract(folder)
    assert any((tmp_path / "elsewhere").iterdir())
