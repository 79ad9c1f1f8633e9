"""The model of who takes part, against R's glm, sandwich and pROC, statsmodels and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

import si_eval as se
from si_eval.effects.participation import measure_discrimination
from si_eval.errors import DisclosureError, StudyError

# R 4.2.2 on causaldata's nsw_mixtape, treat ~ what was known: glm; sandwich 3.0-2 vcovCL(type = "HC0") by site (person
# modulo 89); pROC roc(direction = "<") with DeLong's variance; shares of the fitted beyond the range of the controls
COEFFICIENTS = {
    "years": (4.69815012943585e-03, 1.49035322277739e-02), "educ": (-7.12390218381237e-02, 7.11397155255322e-02),
    "black": (-2.24700510768043e-01, 3.69012034466629e-01), "hisp": (-8.52781835120009e-01, 5.29904105424587e-01),
    "marr": (1.63617644986070e-01, 2.93688744810914e-01), "nodegree": (-9.03505311288268e-01, 2.99111242877902e-01),
    "re74": (-3.16095274048245e-05, 2.49472610088737e-05), "re75": (6.16120788427505e-05, 3.56150705908503e-05),
}  # fmt: skip
AREA, AREA_ERROR, ABOVE = 0.6137006237006237, 0.0270142757109593, 0.0216216216216216
AS_WRITTEN = 1e-6  # relative: earnings went to R as text with eight digits
EXACT = 1e-10  # the same sums in another order


def numbers(table, statistic):
    rows = table.to_frame().query("statistic == @statistic").set_index("indicator")
    return rows[["estimate", "std_error"]]


def test_the_model_is_that_of_r(nsw):
    table = se.model_participation(nsw, year=1975, covariates=list(COEFFICIENTS))
    expected = pd.DataFrame(COEFFICIENTS, index=["estimate", "std_error"]).T
    found = numbers(table, "log_odds").loc[expected.index]
    np.testing.assert_allclose(found, expected, rtol=AS_WRITTEN)
    alone = se.model_participation(nsw, year=1975, covariates=list(COEFFICIENTS), cluster="unit")
    np.testing.assert_allclose(numbers(alone, "auc").iloc[0], [AREA, AREA_ERROR], rtol=AS_WRITTEN)
    for share in ("above_support", "outside_support"):
        assert numbers(alone, share)["estimate"].item() == pytest.approx(ABOVE, rel=EXACT)


@pytest.fixture(scope="module")
def frame():
    rng = np.random.default_rng(4)
    firms = pd.DataFrame({"firm": np.arange(600), "year": 2014, "group": np.arange(600) // 3})
    firms["size"] = rng.normal(size=600).round(1)
    firms["branch"] = rng.choice(["C", "G", "J"], 600)
    tends = firms["size"] + (firms["branch"] == "C") + np.repeat(rng.normal(size=200), 3)
    return firms.assign(joined=rng.random(600) < 1 / (1 + np.exp(1 - tends)))


def panel_of(frame, **columns):
    return se.panel_from_frame(
        frame, unit="firm", year="year", participant="joined", sector="branch", extra=["size"], **columns
    )


def test_a_class_is_a_column_for_each_label_but_the_commonest_and_errors_are_by_group(frame):
    table = se.model_participation(panel_of(frame, group="group"), year=2014, covariates=["size", "sector"])
    rows = table.to_frame().query("statistic == 'log_odds'").set_index("category")
    commonest = frame.loc[frame["joined"], "branch"].value_counts().idxmax()
    labels = [name for name in ("C", "G", "J") if name != commonest]
    design = np.column_stack([np.ones(600), frame["size"], *(frame["branch"] == name for name in labels)])
    clusters = {"groups": frame["group"], "use_correction": False}
    fit = sm.Logit(frame["joined"].astype(float), design.astype(float)).fit(
        disp=0, method="newton", tol=1e-14, cov_type="cluster", cov_kwds=clusters
    )
    errors = fit.bse.to_numpy()[1:] * np.sqrt(200 / 199)
    np.testing.assert_allclose(rows.loc[["all", *labels], "estimate"], fit.params[1:], rtol=1e-7)
    np.testing.assert_allclose(rows.loc[["all", *labels], "std_error"], errors, rtol=1e-7)


def test_the_area_is_the_share_of_pairs_and_its_error_covers(frame):
    score, joined = frame["size"].to_numpy(), frame["joined"].to_numpy()
    ours, theirs = score[joined], score[~joined]
    pairs = np.sign(ours[:, None] - theirs) / 2 + 0.5
    found = measure_discrimination(score, joined)
    assert found.auc == pytest.approx(pairs.mean(), rel=EXACT)
    parts = [pairs.mean(axis=at).var(ddof=1) / pairs.shape[1 - at] for at in (0, 1)]
    assert found.std_error == pytest.approx(np.sqrt(sum(parts)), rel=EXACT)
    rng, errors, areas = np.random.default_rng(5), [], []
    for _ in range(400):  # clusters of four that share most of their score, all on one side
        joined = np.repeat(rng.random(60) < 0.4, 4)
        score = np.repeat(rng.normal(size=60), 4) + 0.5 * rng.normal(size=240) + joined
        clustered = measure_discrimination(score, joined, np.repeat(np.arange(60), 4))
        areas.append(clustered.auc)
        errors.append(clustered.std_error)
    assert np.mean(errors) / np.std(areas) == pytest.approx(1.0, abs=0.1)  # 400 draws: sd known to 3.5 per cent


def test_no_maximum_no_numbers_and_nothing_leaves(frame):
    separated = panel_of(frame.assign(size=frame["joined"].astype(float)))
    table = se.model_participation(separated, year=2014, covariates="size")
    rows = table.to_frame(language="en").query("statistic != 'count'")
    assert rows["estimate"].isna().all()
    assert set(rows["note"]) == {"covariates separate the groups"}
    with pytest.raises(DisclosureError, match="log_odds"):
        se.protect([se.model_participation(panel_of(frame), year=2014, covariates="size")])
    with pytest.raises(StudyError, match="covariates: found"):
        se.model_participation(panel_of(frame), year=2014, covariates=[])


def test_units_without_a_covariate_are_counted(frame):
    gaps = frame.assign(size=frame["size"].where(frame["firm"] % 10 > 0))
    table = se.model_participation(panel_of(gaps), year=2014, covariates="size").to_frame()
    lost = table.query("indicator == 'left_out'")["estimate"].item()
    assert lost == frame.loc[frame["firm"] % 10 == 0, "joined"].sum() > 0
