"""What leaves is rounded to what it can bear, wherever it goes, and nothing is rounded before it leaves."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from disclosure_rows import rows

from si_eval.disclosure import OutputRequest, protect
from si_eval.disclosure.rounding import round_released

NAN = np.nan
ROUNDED = [  # unit, statistic, estimate, standard error; what leaves of both
    ("EUR", "mean", 42_817.4321, 2_594.9, 42_817.0, 2_600.0),
    ("EUR", "mean", 42_817.4321, NAN, 42_817.0, NAN),
    ("EUR per person employed", "mean", 81.23456, 3.14159, 81.23, 3.1),
    ("share", "share", 0.123456, 0.0234567, 0.1235, 0.023),
    ("share", "share", 0.123456, NAN, 0.123, NAN),
    ("percent", "share", 12.3456, NAN, 12.3, NAN),
    ("2014 = 100", "index", 127.5555, 32.92, 127.6, 33.0),
    ("log points", "att", -0.130410, 0.0996, -0.1304, 0.1),
    ("turnover", "mean", 4_662.2857, 2_594.9, 4_662.0, 2_600.0),
    ("times", "ratio_of_sums", 1.524315, NAN, 1.524, NAN),
    ("business_units", "count", 19_861.0, NAN, 19_861.0, NAN),
    ("fte", "count", 694.83, NAN, 694.8, NAN),
    ("log points", "att", -0.00001, 0.0, -0.00001, 0.0),
    ("EUR", "mean", -0.2, NAN, 0.0, NAN),
    ("x", "mean", 1e300, 1e-310, 1e300, 0.0),
    ("turnover", "mean", 2.0**53 - 1, 1e-3, 2.0**53 - 1, 1e-3),  # as many digits as a double has
    ("turnover", "mean", 1_234_567.0, 98_765.0, 1_234_567.0, 99_000.0),
    ("x", "mean", 0.0, NAN, 0.0, NAN),
    ("x", "mean", 1.0, NAN, 1.0, NAN),
    ("x", "mean", 9.99951, NAN, 10.0, NAN),
    ("x", "mean", 46_622.857, NAN, 46_623.0, NAN),  # four digits, but no coarser than a whole number
]


@pytest.mark.parametrize(("unit", "statistic", "estimate", "error", "left", "left_error"), ROUNDED)
def test_numbers_end_where_their_error_or_their_unit_ends(unit, statistic, estimate, error, left, left_error):
    bounds = {"conf_low": estimate - 1, "conf_high": estimate + 1}
    given = pd.DataFrame([{"unit": unit, "statistic": statistic, "estimate": estimate, "std_error": error, **bounds,
                           "p_value": 0.0123456}])  # fmt: skip
    kept = given.copy()
    row = round_released(given).iloc[0]
    assert (row["estimate"], row["p_value"]) == (left, 0.0123)
    assert row["std_error"] == left_error or np.isnan([row["std_error"], left_error]).all()
    assert len(f"{row['conf_high'] % 1:.10f}".rstrip("0")) <= max(len(f"{left % 1:.10f}".rstrip("0")), 6)
    pd.testing.assert_frame_equal(given, kept)


def test_zero_has_no_sign():
    columns = {"estimate": -0.2, "std_error": -0.0, "conf_low": -0.3, "conf_high": -0.1, "p_value": NAN}
    row = round_released(pd.DataFrame([{"unit": "EUR", "statistic": "mean", **columns}])).iloc[0]
    assert not np.signbit(row[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy(dtype=float)).any()
    table = rows({"estimate": -0.2, "conf_low": -0.3, "conf_high": -0.1, "std_error": NAN})
    assert not np.signbit(protect([table])[0].to_frame()[["estimate", "conf_low", "conf_high"]]).any(axis=None)


def test_a_package_shows_the_digits_of_its_tables_and_no_more(tmp_path):
    table = rows({"estimate": 42_817.4321, "std_error": 2_594.9, "conf_low": 37_731.3, "conf_high": 47_903.6})
    (safe,) = protect([table])
    assert safe.to_frame()[["estimate", "std_error", "conf_low", "conf_high"]].to_numpy().tolist() == [
        [42_817.0, 2_600.0, 37_731.0, 47_904.0]
    ]
    made = (
        OutputRequest("A study").add(table, population="all firms").write(tmp_path / "a.zip", evidence=tmp_path / "in")
    )
    written = pd.read_csv(io.BytesIO(zipfile.ZipFile(made).read("T01.csv")))
    assert written["estimate"].tolist() == [42_817.0]
    exact = pd.read_csv(tmp_path / "in" / "rows.csv")
    assert exact["estimate"].tolist() == [42_817.4321], "the evidence, which stays inside, is exact"
