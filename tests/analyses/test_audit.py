"""The audit from the shell: every derivation with its verdict, from the essay's own inputs."""

import json

import pytest

import clustercast as cc
from analyses import options
from analyses.audit import audit


def test_the_table_names_every_derivation_once_and_counts_the_verdicts(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert options.exit_code(audit, []) == 0
    said = capsys.readouterr().out
    first = [line[:6].strip() for line in said.splitlines() if line[:6].strip()]
    ids = [derivation.id for derivation in cc.read_audit().derivation]
    assert [word for word in first if word in ids] == ids
    verdicts = [finding.verdict for finding in cc.audit_findings()]
    assert f"{verdicts.count('NO')} do not follow from the stated inputs (NO)" in " ".join(said.split())
    assert "situational_awareness" in said


def test_json_has_what_is_stated_what_comes_out_and_the_verdict(capsys):
    assert options.exit_code(audit, ["--only", "A9,G6", "--json"]) == 0
    trillion, wells = json.loads(capsys.readouterr().out)["results"]["findings"]
    assert (trillion["id"], trillion["verdict"], wells["verdict"]) == ("A9", "NO", "NO")
    part = trillion["parts"][0]
    assert part["low"] == part["high"] == 1e12
    assert part["recomputed"][0] == pytest.approx(5e12 / 1.35**8)


def test_no_prior_set_changes_the_verdicts(capsys):
    assert options.exit_code(audit, ["--priors", "evidence_2026"]) == 2
    assert "--priors" in capsys.readouterr().err
