"""Figures show the numbers they are given, say what they are, and look as they did."""

import json

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images
from matplotlib.testing.decorators import remove_ticks_and_titles

from clustercast import InputError, plots
from clustercast.conditioning.observation_rows import Observation
from clustercast.report.plots.style import human_axis, number_text, spread_apart
from clustercast.uncertainty.stated import ReferenceClass, StatedCell

YEARS = np.arange(2024.0, 2031.0)
# Root mean square of the difference of pixel values, of 255: what another version may draw a shade lighter.
TOLERANCE = 3.0


def path(values, name="training_cluster_power", unit="W", **more):
    attrs = {"role": "output", "units": unit, "long_name": f"Name of {name}", **more}
    return xr.DataArray(values, {"year": YEARS[: len(values)]}, ("year", "sample"), name, attrs)


@pytest.fixture
def power():
    """Ten-fold growth in two years: sample k of 101 is 10^(k/50) times the path from 100 MW."""
    factors = np.logspace(0, 2, 101)
    return path(1e8 * 10 ** ((YEARS[:, np.newaxis] - 2024) / 2) * factors)


# What stands at the end of a fan, from below.
ENDS = ["5 %", "forecast", "95 %"]


def tick_texts(axis):
    axis.figure.canvas.draw()
    return [label.get_text() for label in axis.get_ticklabels()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


class TestFan:
    def test_draws_the_median_and_bands_between_pairs_of_quantiles(self, power):
        ax = plots.fan(power)
        (median,) = [line for line in ax.get_lines() if line.get_label() == "forecast: median"]
        assert np.allclose(median.get_ydata(), 10 * power.isel(sample=0))
        outer, inner = (band.get_paths()[0].vertices for band in ax.collections)
        at_start = [band[np.isclose(band[:, 0], 2024)][:, 1] for band in (outer, inner)]
        assert np.isclose(at_start[0].min(), 1e8 * 10**0.1) and np.isclose(at_start[0].max(), 1e8 * 10**1.9)
        assert np.isclose(at_start[1].min(), 1e8 * 10**0.5) and np.isclose(at_start[1].max(), 1e8 * 10**1.5)
        assert [band.get_label() for band in ax.collections] == ["90 % of samples", "50 % of samples"]

    def test_a_summary_gives_the_same_figure_as_its_samples(self, power):
        quantile = power.quantile([0.05, 0.25, 0.5, 0.75, 0.95], dim="sample", keep_attrs=True)
        lines = [plots.fan(given).get_lines()[0].get_ydata() for given in (power, quantile)]
        assert np.allclose(*lines)

    def test_says_name_unit_and_multiples(self, power):
        ax = plots.fan(power)
        name, finding = ax.get_title(loc="left").split("\n")
        # In 2030 the path is a thousand times that of 2024: 100 GW to 10 TW from its first to its last sample.
        assert (name, finding) == ("Training cluster power", "2030: 1.0 TW (0.13 to 7.9), 90 % interval")
        assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("year", "", "log")
        assert {"1 GW", "10 GW", "100 GW"} <= set(tick_texts(ax.yaxis))

    def test_dollars_are_dollars_and_shares_percent(self):
        money = plots.fan(path(np.logspace(9, 12, 7)[:, np.newaxis] * np.ones(3), "cost", "USD"))
        assert r"\$100B" in tick_texts(money.yaxis)
        share = plots.fan(path(np.logspace(-2, 0, 7)[:, np.newaxis] * np.ones(3), "electricity_share", "1"))
        assert "10 %" in tick_texts(share.yaxis) and share.get_ylabel() == ""

    def test_the_axis_says_the_unit_only_where_the_ticks_do_not(self):
        size = plots.fan(path(np.logspace(4, 8, 7)[:, np.newaxis] * np.ones(3), "size", "H100e"))
        assert "100k" in tick_texts(size.yaxis) and size.get_ylabel() == "H100e"

    def test_what_is_not_positive_is_on_a_plain_axis(self):
        assert plots.fan(path(np.linspace(-1, 1, 21).reshape(7, 3), "change", "1")).get_yscale() == "linear"

    def test_stated_cells_are_converted_and_those_of_others_left_out(self, power):
        common = {"table": "t", "text": "~", "unit": "GW"}
        cells = [
            StatedCell(quantity="training_cluster_power", year=2026, low=1, high=1, **common),
            StatedCell(quantity="training_cluster_power", year=2028, low=1, high=10, **common),
            StatedCell(quantity="fleet_power", year=2026, low=7, high=7, **common),
        ]
        lines = [line for line in plots.fan(power, stated=cells).get_lines()[1:] if line.get_clip_on()]
        assert [list(line.get_ydata()) for line in lines] == [[1e9], [1e9, 1e10]]
        assert [list(line.get_xdata()) for line in lines] == [[2026], [2028, 2028]]
        assert sum(line.get_label() == "essay" for line in lines) == 1

    def test_an_open_range_has_an_arrow(self, power):
        cell = StatedCell(
            table="t", quantity="training_cluster_power", year=2030, text="100 GW+", low=100, high=np.inf, unit="GW"
        )
        ax = plots.fan(power, stated=[cell])
        (arrow,) = [text for text in ax.texts if hasattr(text, "xyann")]
        assert arrow.xyann == (2030, 1e11) and arrow.xy[0] == 2030 and arrow.xy[1] > 2e11

    def test_observations_count_the_whole_and_have_an_interval_of_nine_tenths(self, power):
        row = {"quantity": "training_cluster_power", "name": "n", "unit": "MW", "source": "s", "as_of": "2025"}
        rows = [
            Observation(id="a", date=2025.0, value=100.0, part=0.5, sd_log10=0.1, **row),
            Observation(id="b", date=2026.0, value=300.0, sd_log10=0.1, kind="record", **row),
        ]
        ax = plots.fan(power, observed=rows)
        measured, record = ax.containers
        assert measured.lines[0].get_ydata() == [2e8] and record.lines[0].get_ydata() == [3e8]
        ends = measured.lines[2][0].get_segments()[0][:, 1]
        assert np.allclose(np.log10(ends / 2e8), [-0.16449, 0.16449], atol=1e-4)
        assert record.lines[2] == () and record.get_label() == "observed: at least"

    def test_the_view_ends_a_little_beyond_what_is_drawn(self, power):
        row = {"quantity": "training_cluster_power", "name": "n", "unit": "MW", "source": "s", "as_of": "2025"}
        low = Observation(id="a", date=2025.0, value=20.0, sd_log10=0.1, **row)
        bottom, top = plots.fan(power, observed=[low]).get_ylim()
        assert 5e6 < bottom < 2e7 * 10**-0.164 and 1e13 * 10**-0.1 < top < 1e14

    def test_references_of_another_dimension_are_left_out(self, power):
        dam = ReferenceClass(name="a dam", value=2.0, unit="GW", kind="power", source="s", as_of="2024")
        bridge = ReferenceClass(name="a bridge", value=2e9, unit="USD", kind="cost", source="s", as_of="2024")
        assert texts(plots.fan(power, references=[dam, bridge])) == ["a dam", *ENDS]

    def test_thresholds_and_references_are_labelled_lines_and_unseen_references_absent(self, power):
        common = {"kind": "power", "source": "s", "as_of": "2024"}
        references = [
            ReferenceClass(name="a dam, of some size", value=2.0, unit="GW", **common),
            ReferenceClass(name="a lamp", value=10.0, unit="W", **common),
        ]
        ax = plots.fan(power, levels=["10 GW"], references=references)
        assert texts(ax) == ["a dam", "10 GW", *ENDS]
        heights = {line.get_ydata()[0] for line in ax.get_lines()[1:]}
        assert {1e10, 2e9} <= heights and 10.0 not in heights

    def test_draws_on_the_axes_it_is_given(self, power):
        ax = plots.fan(power)
        assert plots.fan(power / 10, ax=ax, colour=plots.PALETTE[1], label="other") is ax
        assert {"forecast: median", "other: median"} <= {line.get_label() for line in ax.get_lines()}

    def test_the_trend_is_a_dashed_median_named_at_its_end_and_does_not_stretch_the_view(self, power):
        ax = plots.fan(power, trend=1e4 * power)
        (line,) = [line for line in ax.get_lines() if line.get_label() == "trend: median"]
        assert np.allclose(line.get_ydata(), 1e5 * power.isel(sample=0)) and line.is_dashed()
        assert "trend" in texts(ax) and ax.get_ylim()[1] < 1e4 * float(power.max())

    def test_today_is_a_line_where_it_is_among_the_years(self, power):
        assert "today" in [text.strip() for text in texts(plots.fan(power, today=2026.5))]
        assert "today" not in [text.strip() for text in texts(plots.fan(power, today=1999.0))]

    def test_the_axis_says_what_a_year_means(self, power):
        assert plots.fan(power.assign_attrs(time="state")).get_xlabel() == "year (at 1 January)"

    def test_a_log_axis_of_less_than_two_decades_has_more_than_one_label(self):
        narrow = plots.fan(path(np.linspace(3e9, 6e9, 21).reshape(7, 3)))
        low, high = narrow.get_ylim()
        shown = [place for place in narrow.yaxis.get_majorticklocs() if low <= place <= high]
        assert len(shown) >= 2

    def test_refuses_a_path_without_years(self, power):
        with pytest.raises(InputError, match="a fan needs"):
            plots.fan(power.isel(year=0))


class TestComparison:
    def test_exceedance_is_the_share_of_samples_above(self, power):
        ax = plots.exceedance_curve(power, years=[2026])
        sizes, shares = ax.get_lines()[0].get_data()
        at = np.interp(np.log(power.sel(year=2026).values[10:90]), np.log(sizes), shares)
        assert np.allclose(at, 1 - np.arange(10, 90) / 100, atol=0.011)
        assert ax.get_ylabel() == "probability of at least as much"

    def test_what_one_chance_in_20_exceeds_is_said_with_the_weights_of_the_curve(self, power):
        first = np.zeros(power.sizes["sample"])
        first[0] = 1.0
        title = plots.exceedance_curve(power, years=[2026], weights=first).get_title(loc="left")
        assert plots.style.said(power, float(power.sel(year=2026)[0])) in title

    def test_exceedance_refuses_a_year_that_is_not_there(self, power):
        with pytest.raises(InputError, match="has no year 2040"):
            plots.exceedance_curve(power, years=[2040])
        with pytest.raises(InputError, match="years is empty; name at least one of 2024, 2026"):
            plots.exceedance_curve(power.sel(year=[2024, 2026]), years=[])

    def test_scenarios_stand_in_the_order_given_with_their_quantiles(self, power):
        ax = plots.scenarios({"base": power, "no_new_gas": power / 10}, year=2030, levels=["$1T"][:0])
        assert [label.get_text() for label in ax.get_yticklabels()] == ["Base", "No new gas"]
        medians = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
        assert np.allclose(medians, [1e12, 1e11])
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first is at the top"

    def test_scenarios_in_other_units_are_converted(self, power):
        other = (power / 1e9).assign_attrs(power.attrs, units="GW")
        ax = plots.scenarios({"a": power, "b": other}, year=2030)
        medians = [line.get_xdata()[0] for line in ax.get_lines() if line.get_marker() == "o"]
        assert np.isclose(*medians)

    def test_no_scenarios_are_refused(self):
        with pytest.raises(InputError, match="no scenarios"):
            plots.scenarios({})


class TestMilestones:
    crossing = xr.DataArray(
        [-np.inf, 2024.5, 2025.2, 2025.9, np.inf], dims="sample", attrs={"first_year": 2024.0, "last_year": 2027.0}
    )

    def test_bars_are_the_shares_of_all_samples_and_the_rest_is_said(self):
        ax = plots.crossing_years({"$1T": self.crossing, "$2T": self.crossing})
        heights = [-bar.get_height() for bar in ax.patches[:3]]
        assert np.allclose(heights, 0.8 * np.array([0.5, 1.0, 0.0]))
        assert texts(ax)[0] == "20 % before 2024\n20 % later"
        assert [label.get_text() for label in ax.get_yticklabels()] == [r"\$1T", r"\$2T"]

    def test_one_year_has_no_bars_and_says_what_is_outside(self):
        one = xr.DataArray([-np.inf, np.inf], dims="sample", attrs={"first_year": 2026.0, "last_year": 2026.0})
        ax = plots.crossing_years({"$1T": one})
        assert [bar.get_height() for bar in ax.patches] == [0]
        assert texts(ax)[0] == "50 % before 2026\n50 % later"

    def test_what_is_no_crossing_year_is_refused(self):
        with pytest.raises(InputError, match="cc.crossing_year"):
            plots.crossing_years({"x": xr.DataArray([2024.0], dims="sample")})

    def test_probabilities_by_year(self):
        table = xr.Dataset(
            {"reached": (("milestone", "year"), [[0.1, 0.5]]), "reached_error": (("milestone", "year"), [[0.0, 0.01]])},
            {"milestone": ["us_gdp >= $1T"], "output": ("milestone", ["us_gdp"]), "year": [2024.0, 2025.0]},
        )
        (drawn,) = plots.reached_by_year(table).containers
        assert drawn.get_label() == r"US GDP ≥ \$1T"
        assert np.allclose(drawn.lines[0].get_ydata(), [0.1, 0.5])
        assert np.allclose(drawn.lines[2][0].get_segments()[1][:, 1], [0.48, 0.52])


def indices(inputs=12):
    """Indices in which input k has S1 = 2^-(k+1), the first alone varying by year, and one pair interacts."""
    names = [f"input_{k}" for k in range(inputs)]
    first = np.broadcast_to(0.5 ** np.arange(1, inputs + 1), (2, len(YEARS), inputs)).copy()
    pairs = np.full((2, len(YEARS), inputs, inputs), np.nan)
    pairs[..., np.triu_indices(inputs, 1)[0], np.triu_indices(inputs, 1)[1]] = 0.001
    pairs[..., 0, 1] = 0.05
    dims = ("output", "year", "input")
    return xr.Dataset(
        {
            "S1": (dims, 0.8 * first),
            "S1_conf": (dims, np.full_like(first, 0.01)),
            "ST": (dims, first),
            "ST_conf": (dims, np.full_like(first, 0.01)),
            "S2": ((*dims, "input_2"), pairs),
            "S2_conf": ((*dims, "input_2"), np.full_like(pairs, 0.01)),
            "variance": (("output", "year"), np.ones((2, len(YEARS)))),
        },
        {
            "output": ["ai_investment", "fleet_power"],
            "year": YEARS,
            "input": names,
            "input_2": names,
            "scale": ("output", ["log10", "raw"]),
        },
    )


class TestSensitivity:
    def test_leading_inputs_are_those_of_the_largest_mean_over_the_years(self):
        result = indices()
        result["ST"][0, 0, 7] = 0.8
        assert plots.leading_inputs(result, "ai_investment", most=3) == ["input_0", "input_1", "input_2"]

    def test_lines_have_the_indices_and_their_half_widths(self):
        ax = plots.sobol_by_year(indices(), "ai_investment", most=2)
        first, second = ax.lines[:2]
        assert np.allclose(first.get_ydata(), 0.5) and np.allclose(second.get_ydata(), 0.25)
        (intervals,) = ax.collections
        ends = {(x[0], (y[0] + y[1]) / 2): y[1] - y[0] for x, y in (part.T for part in intervals.get_segments())}
        middles = [point for line in (first, second) for point in zip(*line.get_data(), strict=True)]
        assert sorted(ends) == sorted(middles) and np.allclose([*ends.values()], 0.02)
        assert {to_hex(colour) for colour in intervals.get_colors()[::2]} == {to_hex(first.get_color())}
        assert {to_hex(colour) for colour in intervals.get_colors()[1::2]} == {to_hex(second.get_color())}
        assert ax.get_title(loc="left") == "What decides AI investment\n2030: input 0, 50 %"
        assert texts(ax) == ["Input 1", "Input 0"] and ax.get_legend() is None

    def test_no_two_inputs_of_a_figure_look_alike(self):
        result = indices()
        result["ST"] = result["ST"].copy(data=np.stack([result["ST"][0], result["ST"][1, :, ::-1]]))
        figure = plots.sobol_panels(result, most=6)
        looks = {}
        for ax in figure.axes:
            for line in ax.lines[:6]:
                look = (to_hex(line.get_color()), line.get_marker(), line.get_linestyle())
                assert looks.setdefault(look, line.get_label()) == line.get_label()
        assert len(looks) == 12

    def test_the_words_of_panels_stay_inside_their_figure(self):
        figure = plots.sobol_panels(indices())
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height

    def test_a_stack_ends_at_one_and_interactions_are_what_is_left(self):
        ax = plots.sobol_stacked(indices(), "ai_investment", most=3)
        labels = [layer.get_label() for layer in ax.collections]
        assert labels == ["Input 0", "Input 1", "Input 2", "9 others alone", "interactions"]
        lows = [layer.get_paths()[0].vertices[:, 1].min() for layer in ax.collections]
        assert np.allclose(lows[:3], [0, 0.4, 0.6]) and np.isclose(lows[4], 0.8 * (1 - 0.5**12))
        assert ax.collections[4].get_paths()[0].vertices[:, 1].max() == 1

    def test_pairs_are_written_with_their_half_width(self):
        ax = plots.second_order(indices(), "fleet_power", year=2030, most=3)
        assert texts(ax) == ["0.050\n±0.010", "0.001\n±0.010", "0.001\n±0.010"]
        assert [label.get_text() for label in ax.get_yticklabels()] == ["Input 0", "Input 1"]

    def test_pairs_that_chance_may_give_have_no_colour_and_zero_no_sign(self):
        result = indices()
        result["S2"][..., 1, 2] = -0.0002
        result["S2_conf"][..., 0, 2] = 0.5
        result["S2"][..., 0, 2] = 0.4
        ax = plots.second_order(result, "fleet_power", year=2030, most=3)
        assert texts(ax) == ["0.050\n±0.010", "0.400\n±0.500", "0.000\n±0.010"]
        (image,) = ax.images
        assert np.allclose(
            np.ma.filled(image.get_array(), np.nan)[[0, 0, 1], [0, 1, 1]], [0.05, np.nan, np.nan], equal_nan=True
        )
        assert image.get_clim() == (0, 0.05)

    @pytest.mark.parametrize(
        ("call", "told"),
        [
            (lambda: plots.sobol_by_year(indices(), "fleet_powr"), "nearest known: fleet_power"),
            (lambda: plots.sobol_by_year(indices().isel(year=0, drop=True), "fleet_power"), "no years"),
            (lambda: plots.sobol_by_year(indices(), "fleet_power", index="S3"), "index is 'S3'"),
            (lambda: plots.second_order(indices().drop_vars("S2"), "fleet_power"), "no S2"),
            (lambda: plots.second_order(indices(), "fleet_power", year=1999), "no year 1999"),
            (lambda: plots.second_order(indices(), "fleet_power", most=1), "a pair needs two inputs"),
            (lambda: plots.sobol_panels(indices(), outputs=[]), "outputs is empty"),
            (lambda: plots.leading_inputs(indices(), "fleet_power", index="S9"), "no index 'S9'; it has S1, "),
        ],
    )
    def test_bad_input_is_refused_in_one_sentence(self, call, told):
        with pytest.raises(InputError, match=told):
            call()


def forecast(size=4000):
    """Y = 10^(x + 2 k), with x uniform on (-1, 1) and k one of -1, 1, -1 by a discrete input 0, 1, 2."""
    x = (np.arange(size) + 0.5) / size * 2 - 1
    choice = np.arange(size) % 4
    choice[choice == 3] = 0
    y = 10 ** (x + 2 * np.array([-1.0, 1.0, -1.0])[choice])
    attrs = {"role": "input", "units": "1"}
    return xr.Dataset(
        {
            "x": ("sample", x, attrs),
            "choice": ("sample", choice.astype(float), attrs),
            "y": ("sample", y, {"role": "output", "units": "W", "long_name": "Why"}),
        }
    )


class TestTornado:
    def test_conditional_means_are_those_of_the_first_and_last_part(self):
        table = plots.conditional_means(forecast(), "y", parts=10)
        x = table.sel(input="x")
        # Geometric: log10 of the mean in the first tenth of x is its middle, -0.9, and the mean of 2 k is -1.
        assert np.allclose(np.log10([x["low"], x["high"], table["mean"]]), [-1.9, -0.1, -1.0], atol=0.01)

    def test_what_is_not_monotone_shows_in_the_ends_of_all_parts(self):
        choice = plots.conditional_means(forecast(), "y").sel(input="choice")
        assert np.allclose(np.log10([choice["low"], choice["high"]]), -2, atol=0.01)
        assert np.allclose(np.log10([choice["least"], choice["largest"]]), [-2, 2], atol=0.01)

    def test_inputs_stand_from_the_widest_down(self):
        ax = plots.tornado(forecast(), "y")
        assert [label.get_text() for label in ax.get_yticklabels()] == ["Choice", "X"]
        assert ax.get_xlabel() == "geometric mean, input low or high"

    def test_the_legend_stands_under_the_label_on_axes_of_any_height(self):
        gaps = []
        for height in (3.0, 12.0):
            ax = plots.tornado(forecast(), "y", ax=Figure(figsize=(6, height), layout="constrained").subplots())
            ax.figure.draw_without_rendering()
            gaps.append(ax.xaxis.label.get_window_extent().y0 - ax.get_legend().get_window_extent().y1)
        assert 0 < gaps[0] < 30 and abs(gaps[1] - gaps[0]) < 2

    @pytest.mark.parametrize(
        ("given", "told"), [({"output": "z"}, "no output 'z'"), ({"output": "y", "parts": 1}, "parts is 1")]
    )
    def test_bad_input_is_refused(self, given, told):
        with pytest.raises(InputError, match=told):
            plots.conditional_means(forecast(), **given)


class TestConstraints:
    index = path(
        np.array([[0, 0, 0, 1], [1, 1, 2, 0]]),
        "binding_constraint",
        "1",
        labels=json.dumps(["trend", "power", "money", "never"]),
    )

    def test_bars_are_shares_stacked_to_one_and_labels_never_taken_are_absent(self):
        ax = plots.binding_constraint(self.index)
        heights = {bars.get_label(): [bar.get_height() for bar in bars] for bars in ax.containers}
        assert heights == {"trend": [0.75, 0.25], "power": [0.25, 0.5], "money": [0, 0.25]}
        assert [bar.get_y() for bar in ax.containers[2]] == [1.0, 0.75]

    def test_at_most_six_layers_the_small_ones_together_under_their_names(self):
        labels = [*"abcdefgh"]
        index = path(np.repeat(np.arange(8), [9, 1, 8, 1, 7, 1, 6, 5])[np.newaxis], "which", labels=json.dumps(labels))
        ax = plots.binding_constraint(index)
        heights = {bars.get_label(): bars[0].get_height() * 38 for bars in ax.containers}
        assert heights == pytest.approx({"a": 9, "c": 8, "e": 7, "g": 6, "h": 5, "other: b, d, f": 3})
        assert len({bars[0].get_facecolor() for bars in ax.containers}) == 6
        seven = index.where(index != 1, 0).where(index != 3, 0)
        assert [bars.get_label() for bars in plots.binding_constraint(seven).containers] == [*"acefgh"]

    def test_shares_of_a_summary_give_the_same_bars(self):
        labels = json.loads(self.index.attrs["labels"])
        shares = [[np.mean(row == k) for k in range(len(labels))] for row in self.index.values]
        coords = {"year": self.index["year"], "binding_constraint_label": labels}
        given = xr.DataArray(shares, coords, ("year", "binding_constraint_label"), "binding_constraint")
        drawn = [[bar.get_height() for bar in plots.binding_constraint(one).patches] for one in (self.index, given)]
        assert drawn[0] == drawn[1]

    def test_weights_count(self):
        ax = plots.binding_constraint(self.index, weights=np.array([0.0, 0.0, 1.0, 1.0]))
        assert [bar.get_height() for bar in ax.containers[0]] == [0.5, 0.5]
        with pytest.raises(InputError, match="not all 0"):
            plots.binding_constraint(self.index, weights=np.zeros(4))

    def test_an_index_without_labels_is_refused(self, power):
        with pytest.raises(InputError, match="labelled output"):
            plots.binding_constraint(power)


def test_prior_and_posterior_have_unit_area_and_their_medians():
    prior = xr.DataArray(np.linspace(0, 1, 2001), dims="sample", name="load_factor", attrs={"units": "1"})
    ax = plots.prior_posterior(prior, prior**2, weights=np.ones(2001))
    areas = sum(bar.get_height() * bar.get_width() for bar in ax.containers[0])
    assert np.isclose(areas, 1)
    assert np.allclose([line.get_xdata()[0] for line in ax.get_lines()], [0.5, 0.25], atol=1e-3)
    assert ax.get_title(loc="left") == "Load factor\nmedian: 0.50 to 0.25"
    assert [text.get_text().strip() for text in ax.texts] == ["prior", "posterior"]
    chains = xr.DataArray(prior.values.reshape(3, 667), dims=("chain", "draw"), name="load_factor")
    assert np.allclose([line.get_xdata()[0] for line in plots.prior_posterior(chains, chains).get_lines()], 0.5)


@pytest.mark.parametrize(
    ("value", "unit", "share", "text"),
    [
        (1e11, "W", False, "100 GW"),
        (2.5e9, "USD", False, "$2.5B"),
        (0.125, "1", True, "12.5 %"),
        (0, "W", False, "0 W"),
    ],
)
def test_ticks_have_no_digit_more_than_the_number(value, unit, share, text):
    assert number_text(value, unit, share) == text


@given(st.floats(1e-6, 1e12), st.floats(1.05, 1e9), st.sampled_from(["1", "W", "USD", "H100e"]), st.integers(4, 9))
def test_an_axis_of_logarithms_has_two_labels_or_more_and_none_twice(low, ratio, unit, most):
    ax = Figure().subplots()
    ax.set(xscale="log", xlim=(low, low * ratio))
    human_axis(ax.xaxis, xr.DataArray(0.0, attrs={"units": unit}), log=True, most=most)
    places = [place for place in ax.xaxis.get_majorticklocs() if low <= place <= low * ratio]
    seen = ax.xaxis.get_major_formatter().format_ticks(places)
    assert len(seen) == len(set(seen)) >= 2 and all(seen)


def test_labels_move_no_farther_than_they_must():
    heights = np.array([0.1, 0.12, 0.5, 0.9])
    moved = spread_apart(heights, 0.1)
    assert np.allclose(moved, [0.06, 0.16, 0.5, 0.9])


def test_a_figure_is_written_whole_in_a_format_that_is_known(tmp_path, power):
    figure = plots.fan(power).figure
    for suffix in ("svg", "pdf", "png"):
        first, second = (
            plots.save_figure(plots.fan(power), tmp_path / f"{name}.{suffix}").read_bytes() for name in "ab"
        )
        assert first == second
    assert b"<svg" in (tmp_path / "a.svg").read_bytes() and b"<dc:date>" not in (tmp_path / "a.svg").read_bytes()
    with pytest.raises(InputError, match="suffix '.xyz'|suffix 'xyz'"):
        plots.save_figure(figure, tmp_path / "a.xyz")
    for dpi in (0, np.nan, np.inf, "figure"):
        with pytest.raises(InputError, match=f"dpi is '?{dpi}"):
            plots.save_figure(figure, tmp_path / "a.png", dpi=dpi)
    assert plots.save_figure(figure, tmp_path / "a.png", dpi=72.5).is_file()


def test_one_level_and_one_output_may_be_given_alone(power):
    alone, listed = (plots.exceedance_curve(power, levels=levels) for levels in ("10 GW", ["10 GW"]))
    assert [text.get_text() for text in alone.texts] == [text.get_text() for text in listed.texts]
    one, other = (plots.sobol_panels(indices(), outputs=names) for names in ("fleet_power", ["fleet_power"]))
    assert [ax.get_title("left") for ax in one.axes] == [ax.get_title("left") for ax in other.axes]


BASELINES = {
    "fan": lambda power, ax: plots.fan(power, levels=["10 GW"], ax=ax),
    "stacked": lambda power, ax: plots.sobol_stacked(indices(), "ai_investment", ax=ax),
    "tornado": lambda power, ax: plots.tornado(forecast(), "y", ax=ax),
    "constraints": lambda power, ax: plots.binding_constraint(TestConstraints.index, ax=ax),
}


def without_text(draw):
    """Draw a figure at a fixed place and without text, which every build of the font engine sets a little elsewhere."""
    figure = Figure(figsize=(4, 2.5))
    ax = draw(figure.add_axes((0.05, 0.05, 0.9, 0.9)))
    if ax.get_legend():
        ax.get_legend().remove()
    for artist in [*ax.artists, *(line for line in ax.lines if not line.get_clip_on())]:
        artist.remove()
    ax.set(xlabel="", ylabel="")
    ax.set_title("", loc="left")
    for text in [*ax.texts]:
        text.remove()
    remove_ticks_and_titles(figure)
    return figure


def difference(name, draw, folder, request):
    """Return how a figure differs from its baseline, None where it does not."""
    baseline = request.path.parent / "baseline" / f"{name}.png"
    with mpl.rc_context(mpl.rcParamsDefault):
        drawn = plots.save_figure(without_text(draw), folder / f"{name}.png", dpi=60)
    return compare_images(str(baseline), str(drawn), tol=TOLERANCE)


@pytest.mark.parametrize("name", BASELINES)
def test_figures_look_as_they_did(name, power, tmp_path, request):
    assert difference(name, lambda ax: BASELINES[name](power, ax), tmp_path, request) is None
