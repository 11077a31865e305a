"""A model as formulas and as a tree."""

from clustercast.report.program import Line, graph_text, program_text

COST = Line("cost", "USD", "Cost", ("size", "price"), ("cost = size * price",))


def test_inputs_come_first_with_unit_and_meaning_then_the_formulas():
    assert program_text([COST], {"size": "H100e", "price": "USD/H100e"}, {"size": "Chips in it"}).splitlines() == [
        "# inputs",
        "size   [H100e]   # Chips in it",
        "price   [USD/H100e]",
        "",
        "# quantities",
        "cost = size * price   [USD]",
    ]


def test_a_tree_unfolds_what_a_quantity_needs_once():
    total = Line("total", "USD", "Total", ("cost", "cost_again"))
    again = Line("cost_again", "USD", "Cost", ("cost",))
    assert graph_text([COST, again, total], ["total"]).splitlines() == [
        "total [USD]",
        "├── cost [USD]",
        "│   ├── size",
        "│   └── price",
        "└── cost_again [USD]",
        "    └── cost [USD] (above)",
    ]
