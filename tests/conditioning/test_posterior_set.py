"""The posterior as a prior set: what is read back is what was learned, in steps or at once."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import clustercast as cc
from clustercast.conditioning.observation_rows import Observation, Observations
from clustercast.conditioning.observations import joined_rows, unlearned
from clustercast.conditioning.tree import records, write_observations, write_prior_set
from clustercast.files.dates import end_of

DATES, VALUES = (2020.0, 2021.0, 2022.0, 2023.0), np.array([0.3, 0.9, 1.1, 1.8])


@cc.quantity("1")
def level(year, start, base, growth):
    return np.exp(np.log(10) * (base + growth * (year - start)))


@cc.quantity("1")
def other(untouched):
    return untouched + 1


MODEL = cc.Model([level, other])
PRIORS = cc.Priors(
    name="toy",
    base=cc.Normal(0.2, 0.5, unit="OOM", source="made up", as_of="2020"),
    growth=cc.Normal(0.5, 0.3, unit="OOM/year", source="made up", as_of="2020"),
    untouched=cc.Uniform(0.0, 2.0, source="made up", as_of="2020"),
    start=cc.Fixed(2020.0, unit="year", source="made up", as_of="2020"),
)


def row(k, date, value, **more):
    about = {"name": "made up", "unit": "1", "sd_log10": 0.2, "source": "made up", "as_of": "2024"}
    return Observation(id=f"r{k}", date=date, quantity="level", value=10.0**value, **about, **more)


ROWS = tuple(row(k, date, value) for k, (date, value) in enumerate(zip(DATES, VALUES, strict=True)))
ALL = Observations(ROWS, {"discrepancy": cc.Fixed(0.0, unit="OOM")}, 0.5)


def learned(beliefs, rows, seed=3):
    return cc.condition(beliefs, replace(ALL, rows=tuple(rows)), model=MODEL, size=1 << 15, seed=seed)


def exact(values=VALUES, dates=DATES):
    design = np.column_stack([np.ones(len(dates)), np.array(dates) - 2020])
    precision = np.diag([0.5**-2, 0.3**-2]) + design.T @ design / 0.2**2
    mean = np.linalg.solve(precision, np.array([0.2 / 0.5**2, 0.5 / 0.3**2]) + design.T @ values / 0.2**2)
    return mean, np.linalg.inv(precision)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_learning_in_steps_is_learning_at_once(order, tmp_path):
    """Two rows, a file, two more rows: the conjugate posterior of all four, in any order."""
    first = learned(PRIORS, [ROWS[k] for k in order[:2]])
    path = write_prior_set(first, PRIORS, ALL, tmp_path / "step.toml")
    then = learned(cc.read_priors(path), [ROWS[k] for k in order[2:]], seed=4)
    mean, covariance = exact()
    draws = np.stack([then["posterior"][name].values.ravel() for name in ("base", "growth")])
    deviation, ess = np.sqrt(np.diag(covariance)), min(first.attrs["ess"], then.attrs["ess"])
    # Five standard errors: each of the two steps adds its own.
    assert np.all(np.abs(draws.mean(axis=1) - mean) < 5 * np.sqrt(2) * deviation / np.sqrt(ess))
    assert np.all(np.abs(draws.std(axis=1) / deviation - 1) < 5 / np.sqrt(ess))
    expected = covariance[0, 1] / deviation.prod()
    assert np.corrcoef(draws)[0, 1] == pytest.approx(expected, abs=5 * np.sqrt(2) / np.sqrt(ess))


def attributes_of(tree):
    """Every attribute of every group and variable, by place."""
    places = {f"{node.path}:{name}": one.attrs for node in tree.subtree for name, one in node.variables.items()}
    return {**{node.path: node.attrs for node in tree.subtree}, **places}


def test_the_same_rows_in_another_folder_leave_the_same_attributes_and_set(tmp_path):
    files, result = [tmp_path / "home of one" / "rows.csv", tmp_path / "of" / "another" / "rows.csv"], []
    for file in files:
        file.parent.mkdir(parents=True)
        write_observations(ALL, file)
        file.write_text(file.read_text() + "bad,2030\n")
        rows = replace(cc.read_observations(file, skip_bad=True), priors=ALL.priors)
        tree = cc.condition(PRIORS, rows, model=MODEL, size=1 << 12)
        result.append((attributes_of(tree), write_prior_set(tree, PRIORS, rows, tmp_path / "set.toml").read_text()))
    assert result[0] == result[1]
    said = repr(result[0]).replace(str(tmp_path / "set.toml"), "")
    assert str(tmp_path) not in said and "home of one" not in said
    record = cc.provenance_of(tree)
    assert (record["observations_name"], record["observations_hash"]) == ("rows", rows.hash)
    assert record["left_out"][0].startswith("rows.csv:6: observation 'bad': ")


def test_the_file_holds_medians_intervals_and_ranks_of_the_draws(tmp_path):
    tree = learned(PRIORS, ROWS)
    back = cc.read_priors(write_prior_set(tree, PRIORS, ALL, tmp_path / "set.toml"))
    for name in ("base", "growth"):
        draws = tree["posterior"][name].values.ravel()
        assert back[name].median == pytest.approx(np.median(draws), abs=1e-9)
        width = np.diff(np.quantile(draws, [0.05, 0.95]))
        assert np.diff(back[name].quantile([0.05, 0.95])) == pytest.approx(width, rel=1e-9)
    ranks = stats.spearmanr(tree["posterior"]["base"].values.ravel(), tree["posterior"]["growth"].values.ravel())
    assert [c.rank for c in back.correlations] == pytest.approx([ranks.statistic], abs=1e-6)
    assert repr(back["untouched"]) == repr(PRIORS["untouched"])
    before, rows = unlearned(back)
    assert before.hash == PRIORS.hash
    assert rows.ids == ("r0", "r1", "r2", "r3")
    # Of a row the file says what was said of it.
    said = tomllib.loads((tmp_path / "set.toml").read_text())["learned"]["observation"]
    assert [set(one) for one in said] == [one.model_fields_set for one in ROWS]


def test_a_row_is_not_learned_twice(tmp_path):
    path = write_prior_set(learned(PRIORS, ROWS[:2]), PRIORS, ALL, tmp_path / "set.toml")
    with pytest.raises(cc.InputError, match="toy_updated has already learned from 'r1'"):
        learned(cc.read_priors(path), ROWS[1:])


def test_only_its_own_priors_go_with_a_tree(tmp_path):
    with pytest.raises(cc.InputError, match="is not what the tree has learned from"):
        write_prior_set(learned(PRIORS, ROWS), PRIORS.replace(base=0.1), ALL, tmp_path / "set.toml")


def test_only_the_rows_that_a_tree_has_learned_from_go_with_it(tmp_path):
    tree = learned(PRIORS, ROWS[:2])
    exactly, fewer, others = (replace(ALL, rows=rows) for rows in (ROWS[:2], ROWS[:1], ROWS[1:]))
    assert unlearned(cc.read_priors(write_prior_set(tree, PRIORS, exactly, tmp_path / "set.toml")))[1].rows == ROWS[:2]
    for wrong in (fewer, others):
        with pytest.raises(cc.InputError, match="observations is not what the tree has learned from"):
            write_prior_set(tree, PRIORS, wrong, tmp_path / "set.toml")


def test_a_choice_between_structures_stays_what_it_was(tmp_path):
    """A row says which of two values is the right one, and of two numbers the sum."""

    @cc.quantity("1")
    def level(structure, base, other):
        return 10.0 ** (base + other + structure)

    structure = cc.Discrete((1.0, 2.0), (0.5, 0.5), source="made up", as_of="2020")
    part = cc.Normal(0.0, 0.1, source="made up", as_of="2020")
    priors = cc.Priors(name="choice", structure=structure, base=part, other=part)
    rows = replace(ALL, rows=(row(0, 2020.0, 2.0).model_copy(update={"sd_log10": 0.01}),))
    tree = cc.condition(priors, rows, model=cc.Model([level]), size=1 << 12, seed=1)
    assert (tree["posterior"]["structure"] == 2).all()
    back = cc.read_priors(write_prior_set(tree, priors, rows, tmp_path / "set.toml"))
    assert (back["structure"].values, back["structure"].weights) == ((1.0, 2.0), (0.5, 0.5))
    # What has one value in all draws says nothing of those that are correlated.
    assert [(one.between, one.rank < -0.9) for one in back.correlations] == [(("other", "base"), True)]


def test_a_learned_law_keeps_its_family_or_goes_through_what_was_learned(tmp_path):
    """A normal prior stays normal; a mixture, which has no place and width, becomes a law through three quantiles."""
    about = {"unit": "OOM", "source": "made up", "as_of": "2020"}
    mixed = cc.Mixture((0.5, 0.5), (cc.Normal(0.0, 0.5), cc.Normal(0.4, 0.5)), **about)
    levels = [0.05, 0.5, 0.95]
    for base in (PRIORS["base"], mixed):
        priors = PRIORS.replace(base=base)
        tree = learned(priors, ROWS)
        back = cc.read_priors(write_prior_set(tree, priors, ALL, tmp_path / "set.toml"))["base"]
        low, middle, high = np.quantile(tree["posterior"]["base"], levels)
        normal = stats.norm(middle, (high - low) / (2 * stats.norm.ppf(0.95)))
        if base is mixed:
            assert back.quantile(levels) == pytest.approx([low, middle, high])
        else:
            assert back.quantile([0.001, *levels, 0.999]) == pytest.approx(normal.ppf([0.001, *levels, 0.999]))


def test_what_few_draws_say_of_switches_can_be_read_and_drawn(tmp_path):
    """Ranks of 128 draws of 130 inputs are singular, and scores behind the ranks of a switch are correlated by more."""
    switches = {f"switch_{k}": cc.Discrete((0.0, 1.0), (0.5, 0.5), source="made up", as_of="2020") for k in range(2)}
    smooth = {f"smooth_{k}": cc.Normal(0.0, 0.1, source="made up", as_of="2020") for k in range(128)}
    parts = [*switches, *smooth]
    space: dict = {}
    exec(f"def level({', '.join(parts)}):\n    return 10.0 ** (({' + '.join(parts)}) / 9)", space)
    priors, model = cc.Priors(name="switches", **switches, **smooth), cc.Model([cc.quantity("1")(space["level"])])
    tree = cc.condition(priors, replace(ALL, rows=ROWS[:1]), model=model, size=512, draws=128, seed=1)
    back = cc.read_priors(write_prior_set(tree, priors, ALL, tmp_path / "set.toml"))
    assert len(back.correlations) > 100
    assert cc.draw(back, 64, seed=1).sizes["sample"] == 64


@pytest.mark.parametrize("name", ["evidence_2026", "situational_awareness"])
def test_learning_the_shipped_rows_in_steps_is_learning_them_at_once(name, tmp_path):
    """With one seed to the bit: a further seed is what the difference of learning in steps is held against."""
    priors, rows = cc.read_priors(name), cc.read_observations()
    past = rows.known_by("2025-06")
    new = replace(rows, rows=tuple(row for row in rows if row.id not in past.ids))
    # Bits are equal or not whatever the size.
    settings = {"size": 1 << 7, "seed": 1, "budget": 1, "draws": 512}
    first = cc.condition(priors, past, **settings)
    updated = cc.read_priors(write_prior_set(first, priors, past, tmp_path / "step.toml"))
    assert unlearned(updated)[0].hash == priors.hash
    steps, at_once = (cc.condition(one, some, **settings) for one, some in ((updated, new), (priors, rows)))
    for group in ("prior", "posterior"):
        xr.testing.assert_equal(steps[group].to_dataset(), at_once[group].to_dataset())
    # Every input of the shipped set goes through the file.
    back = cc.read_priors(write_prior_set(at_once, priors, rows, tmp_path / "set.toml"))
    assert set(back) == set(priors)
    for one in priors.uncertain:
        assert not np.isnan(back[one].quantile([0.05, 0.95])).any()
        assert back[one].support == pytest.approx(priors[one].support)
    # A third step, from a file that a set made which had learned.
    again = cc.read_priors(write_prior_set(steps, updated, new, tmp_path / "again.toml"))
    assert unlearned(again)[0].hash == priors.hash
    assert unlearned(again)[1].rows == rows.counted().rows


def test_what_was_changed_after_reading_stays_changed(tmp_path):
    updated = cc.read_priors(write_prior_set(learned(PRIORS, ROWS[:2]), PRIORS, ALL, tmp_path / "set.toml"))
    changed = updated.replace(growth=0.45)
    before, _ = unlearned(changed.add(more=cc.Normal(0, 1)))
    assert before["growth"].median == 0.45
    assert repr(before["base"]) == repr(PRIORS["base"])
    assert "more" in before
    then = learned(changed, ROWS[2:])
    at_once = learned(PRIORS.replace(growth=0.45), ROWS)
    assert then["posterior"]["base"].values == pytest.approx(at_once["posterior"]["base"].values)


def test_rows_come_back_from_a_table(tmp_path):
    shipped = cc.read_observations()
    back = cc.read_observations(write_observations(shipped, tmp_path / "rows.csv"))
    assert [one.model_dump() for one in back] == [one.model_dump() for one in shipped]


KNOWN = st.builds(lambda year, month: f"{year}-{month:02}", st.integers(2018, 2027), st.integers(1, 12))


@given(st.lists(st.tuples(st.floats(2015, 2027), KNOWN, KNOWN | st.none()), min_size=1, max_size=12), KNOWN)
def test_a_row_is_never_used_before_it_was_known(made, limit):
    rows = [
        row(k, date, 0.1).model_copy(update={"as_of": as_of, "known": known})
        for k, (date, as_of, known) in enumerate(made)
    ]
    used = replace(ALL, rows=tuple(rows)).known_by(limit)
    assert {one.id for one in used} == {one.id for one in rows if end_of(one.known or one.as_of) <= end_of(limit)}


@given(st.permutations(range(4)), st.integers(0, 4))
def test_rows_join_to_the_same_in_any_order(order, cut):
    rows = [ROWS[k] for k in order]
    joined = joined_rows(replace(ALL, rows=tuple(rows[:cut])), replace(ALL, rows=tuple(rows[cut:])))
    assert joined.rows == ALL.rows
    assert joined.hash == ALL.hash


def test_a_record_that_was_none_is_left_out():
    known = replace(ALL, rows=(row(0, 2022.0, 1.0, kind="record"),))
    new = replace(ALL, rows=(row(1, 2023.0, 0.5, kind="record"), row(2, 2024.0, 1.5, kind="record")))
    kept = records(new, known)
    assert kept.ids == ("r2",)
    assert "'r1' is no record of its date: 'r0' is larger" in kept.left_out[0]


def test_a_record_is_one_of_its_quantity_and_of_its_date():
    """Larger are neither what came later, nor what is as large, nor another quantity; an estimate is no record."""
    other = row(9, 2022.0, 3.0).model_copy(update={"quantity": "other"})
    known = replace(ALL, rows=(row(0, 2022.0, 1.0), row(1, 2026.0, 2.0), other))
    kinds = (row(2, 2023.0, 0.5), row(3, 2023.0, 1.0, kind="record"), row(4, 2024.0, 1.5, kind="record"))
    assert records(replace(ALL, rows=kinds), known).ids == ("r2", "r3", "r4")
    same_day = replace(ALL, rows=(row(5, 2022.0, 0.5, kind="record"),))
    assert records(same_day, known).ids == ()
    assert records(replace(ALL, rows=(*kinds, row(6, 2024.0, 1.6))), known).ids == ("r2", "r3", "r6")


def test_a_figure_that_is_known_is_not_counted_again():
    known = replace(ALL, rows=(row(0, 2022.0, 1.0),))
    new = replace(ALL, rows=(row(1, 2022.05, 1.004), row(2, 2022.5, 1.0), row(3, 2022.0, 1.2)))
    kept = records(new, known)
    assert kept.ids == ("r3", "r2")
    assert "'r1' is there already as 'r0'" in kept.left_out[0]
