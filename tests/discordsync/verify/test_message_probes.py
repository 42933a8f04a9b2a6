"""What an answer means, without a server."""

from __future__ import annotations

from datetime import timedelta

from cohorts.reconcile.verify.experiments import ProbeVerdict
from discordsync.verify.message_probes import nonce_memory


def test_a_nonce_whose_channel_was_deleted_meanwhile_cannot_be_tried() -> None:
    assert nonce_memory.judge({"is_lost": True}).verdict == ProbeVerdict.NOT_TRIED


def test_a_nonce_that_is_remembered_is_read_again_after_ten_minutes() -> None:
    answers = {"is_same": True, "passed": timedelta(minutes=9)}
    assert nonce_memory.judge(answers).verdict == ProbeVerdict.WAITING
    answers["passed"] = timedelta(minutes=11)
    assert nonce_memory.judge(answers).verdict == ProbeVerdict.REFUTED
