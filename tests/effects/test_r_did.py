"""Group-time effects and their averages against what R's `did` and csdid give for county teen employment."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from paths import REFERENCE

from si_eval.effects.aggregation import aggregate_effects
from si_eval.effects.group_time import group_time_effects
from si_eval.vocabulary import Reason

R_RESULTS = REFERENCE / "data"
SAME_FORMULA = 1e-10  # the same closed form in another language: only the order of additions differs
PRINTED_DIGITS = 5e-11  # a published number printed to ten decimals
KINDS = {"simple": "simple", "group": "cohort", "dynamic": "event", "calendar": "period"}
SCENARIOS = {"mpdta_nev_dr": {"method": "dr"}, "mpdta_nev_reg_cov": {"method": "reg", "covariates": True}}


@cache
def mpdta() -> tuple[np.ndarray, np.ndarray, list[int], np.ndarray]:
    """County teen employment: outcome, cohort, years, log population (Callaway & Sant'Anna, 2021)."""
    path = R_RESULTS / "mpdta.csv"
    if not path.is_file():
        pytest.skip("the reference data are not beside this repository")
    frame = pd.read_csv(path)
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    county = frame.drop_duplicates("countyreal").set_index("countyreal").loc[wide.index]
    cohort = county["first.treat"].to_numpy(dtype="int64")
    return wide.to_numpy(), cohort, [int(year) for year in wide.columns], county[["lpop"]].to_numpy()


def of_mpdta(**options: object) -> object:
    outcome, cohort, years, population = mpdta()
    if options.pop("covariates", False):
        options["covariates"] = lambda place: population
    return group_time_effects(outcome, cohort, years, **options)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_effect_and_standard_error_of_r_did(scenario: str) -> None:
    effects = of_mpdta(**SCENARIOS[scenario])
    stored = pd.read_csv(R_RESULTS / "mpdta_r_did_attgt.csv").query("scenario == @scenario")
    np.testing.assert_array_equal(effects.cohort, stored["group"])
    np.testing.assert_array_equal(effects.period, stored["t"])
    np.testing.assert_allclose(effects.att, stored["att"], atol=SAME_FORMULA)
    np.testing.assert_allclose(effects.std_error, stored["se"], atol=SAME_FORMULA)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_average_of_r_did(scenario: str, kind: str) -> None:
    averages = aggregate_effects(of_mpdta(**SCENARIOS[scenario]), KINDS[kind])
    stored = pd.read_csv(R_RESULTS / "mpdta_r_did_aggte.csv").query("scenario == @scenario and type == @kind")
    assert averages.overall == pytest.approx(stored["overall_att"].iloc[0], abs=SAME_FORMULA)
    assert averages.overall_std_error == pytest.approx(stored["overall_se"].iloc[0], abs=SAME_FORMULA)
    if kind != "simple":
        np.testing.assert_array_equal(averages.parts, stored["egt"])
        np.testing.assert_allclose(averages.att, stored["att_egt"], atol=SAME_FORMULA)
        np.testing.assert_allclose(averages.std_error, stored["se_egt"], atol=SAME_FORMULA)


PUBLISHED = [  # options, then effect and standard error: simple, cohort, event, period (R `did` and csdid)
    (
        {"method": "dr", "covariates": True},
        [(-0.0417517721, 0.0115028382), (-0.0328195972, 0.0118981787), (-0.0803539497, 0.0189575572),
         (-0.0441773578, 0.0150381751)],
    ),
    (
        {"method": "ipw", "covariates": True},
        [(-0.0417770822, 0.0114997194), (-0.0328753687, 0.0118932002), (-0.0803768866, 0.0189542504),
         (-0.0441701010, 0.0150352236)],
    ),
    (
        {"controls": "not_yet"},
        [(-0.0397636256, 0.0120524248), (-0.0304622281, 0.0125751201), (-0.0773993140, 0.0195601769),
         (-0.0442670835, 0.0155709044)],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), PUBLISHED)
def test_averages_of_other_estimators(options: dict, expected: list) -> None:
    effects = of_mpdta(**options)
    for kind, (att, std_error) in zip(KINDS.values(), expected, strict=True):
        averages = aggregate_effects(effects, kind)
        assert averages.overall == pytest.approx(att, abs=PRINTED_DIGITS)
        assert averages.overall_std_error == pytest.approx(std_error, abs=PRINTED_DIGITS)


EXTRA = {  # of the rows of R `did` in ref_gaps.csv: options by column of the data
    "universal": {"base": "universal"}, "anticipation1": {"anticipation": 1}, "clustered": {"cluster": "clust"},
    "weighted": {"weights": "wt"},
}  # fmt: skip


@pytest.mark.parametrize("scenario", EXTRA)
def test_weights_clusters_and_bases_are_those_of_r_did(scenario: str) -> None:
    folder = R_RESULTS / "did"
    if not folder.is_dir():
        pytest.skip("the reference data are not beside this repository")
    frame = pd.read_csv(folder / "mpdta_extra.csv")
    wide = frame.pivot(index="countyreal", columns="year", values="lemp")
    county = frame.drop_duplicates("countyreal").set_index("countyreal").loc[wide.index]
    options = dict(EXTRA[scenario])
    if "cluster" in options:
        options["cluster"] = county["clust"].to_numpy()
    if "weights" in options:
        options["weights"] = lambda cohort: county["wt"].to_numpy()
    effects = group_time_effects(
        wide.to_numpy(), county["first.treat"].to_numpy(dtype="int64"), [int(year) for year in wide], **options
    )
    stored = pd.read_csv(folder / "ref_gaps.csv").query("scenario == @scenario").set_index(["group", "t"])
    both = pd.MultiIndex.from_arrays([effects.cohort, effects.period])
    shared = both.isin(stored.index)
    np.testing.assert_allclose(effects.att[shared], stored.loc[both[shared], "att"], atol=SAME_FORMULA)
    one_cluster = np.array([reason == Reason.TOO_FEW_CLUSTERS for reason in effects.reason])  # which R does not mind
    assert not one_cluster.all()
    assert one_cluster.any() == (scenario == "clustered")
    told = shared & ~one_cluster
    np.testing.assert_allclose(effects.std_error[told], stored.loc[both[told], "se"], atol=SAME_FORMULA)
    assert shared.sum() >= len(both) - len(np.unique(effects.cohort)) * (scenario == "anticipation1")
