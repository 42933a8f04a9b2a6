"""docs/deploy/alerts.yml, as Prometheus itself reads and evaluates it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.lens.deploy.proxy_servers import find_program
from tests.lens.metrics.scraping import RULES, read_rules
from tests.support.processes import ROOT

# Each alert's series: minute by minute as it should be, then as it fires, and when it fires first.
CASES: dict[str, tuple[str, str, int]] = {
    "LensNotScraped": ('up{job="lens"}', "1x10 0x50", 13),
    "LensScrapeIncomplete": ("lens_scrape_errors", "0x10 1x50", 13),
    "LensWorkerMissing": ('lens_heartbeat_age_seconds{process="worker"}', "90x10 91x50", 12),
    "LensBotMissing": ('lens_heartbeat_age_seconds{process="bot"}', "90x10 91x50", 12),
    "LensTasksNotTaken": ("lens_oldest_task_seconds", "120x10 121x50", 13),
    "LensServiceUnhealthy": ('lens_provider_healthy{provider="discord"}', "1x10 0x50", 13),
    "LensServiceNotRead": (
        'lens_last_observation_age_seconds{provider="discord"}',
        "7200x10 7201x50",
        13,
    ),
    "LensChangeWaits": (
        'lens_oldest_due_group_seconds{provider="discord"}',
        "300x10 301x50",
        13,
    ),
    "LensGroupNeedsStaff": (
        'lens_groups{provider="discord",condition="needs_person"}',
        "0x10 1x50",
        13,
    ),
    "LensWritesStopped": ("lens_writes_stopped", "0x10 1x50", 11),
    "LensMessagesWait": ('lens_outbox_oldest_seconds{channel="email"}', "900x10 901x50", 13),
    "LensMessageExpired": ('lens_messages{channel="email",state="expired"}', "0x10 1x50", 11),
    "LensAccessEndedLate": ('lens_objective_ratio{objective="access_ends"}', "1x10 0.99x50", 11),
    "LensChangesSlow": (
        'lens_objective_ratio{objective="change_to_effect"}',
        "0.95x10 0.94x50",
        41,
    ),
    "LensRateLimited": ('lens_rate_limit_waits_total{provider="discord"}', "5x10 17x50", 11),
}

# What a realize waits for is usual, also in the hour after it.
REALIZE = {
    "interval": "1m",
    "input_series": [
        {"series": CASES["LensRateLimited"][0], "values": "5x10 17x150"},
        {"series": "lens_realizes_open", "values": "1x40 0x120"},
    ],
    "alert_rule_test": [
        {"eval_time": f"{minute}m", "alertname": "LensRateLimited", "exp_alerts": []}
        for minute in (11, 60)
    ],
}


def test_prometheus_reads_the_rules_and_each_fires_when_it_should_and_not_before(
    tmp_path: Path,
) -> None:
    assert list(CASES) == [rule["alert"] for rule in read_rules()]
    tests = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [*(make_test(rule) for rule in read_rules()), REALIZE],
    }
    file = tmp_path / "tests.yml"
    file.write_text(yaml.safe_dump(tests), encoding="utf-8")
    check_with_promtool("check", "rules", str(RULES))
    check_with_promtool("test", "rules", str(file))


def test_prometheus_accepts_the_example_of_its_configuration(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```yaml\n(scrape_configs:.+?)```", text, re.DOTALL)
    file = tmp_path / "prometheus.yml"
    file.write_text(f"{example}rule_files: [{RULES}]\n", encoding="utf-8")
    check_with_promtool("check", "config", "--syntax-only", str(file))
    file.write_text(example.replace("scheme:", "schema:"), encoding="utf-8")
    with pytest.raises(AssertionError, match="field schema not found"):
        check_with_promtool("check", "config", "--syntax-only", str(file))


def check_with_promtool(*command: str) -> None:
    done = subprocess.run(
        [find_program("promtool"), *command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def make_test(rule: dict[str, Any]) -> dict[str, Any]:
    """Expect no alert a minute before it fires first, and then one of the whole series."""
    name = rule["alert"]
    series, values, fires = CASES[name]
    labels = dict(re.findall(r'(\w+)="(\w+)"', series))
    alert = {"exp_labels": labels, "exp_annotations": rule["annotations"]}
    return {
        "interval": "1m",
        "input_series": [{"series": series, "values": values}],
        "alert_rule_test": [
            {"eval_time": f"{fires - 1}m", "alertname": name, "exp_alerts": []},
            {"eval_time": f"{fires}m", "alertname": name, "exp_alerts": [alert]},
        ],
    }
