"""Whatever staff and syncs do, one after the other: every figure that readers are shown is the true one."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from detections.models import Indicator
from detections.statistics.recomputation import recompute
from tests.statistics.catalog import ACTS, Staff, write_sources, wrong_figures


class EditsTest(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(st.sampled_from(ACTS), min_size=2, max_size=12), st.integers(0, 2**32))
    def test_random_edits_leave_the_true_figures(self, acts: list[str], seed: int) -> None:
        write_sources()
        staff = Staff(Random(seed))  # noqa: S311 no secret
        for act in acts:
            staff.act(act)
        assert wrong_figures() == []
        found = recompute()
        assert (found.drift, found.wrong) == (0, ())

    def test_every_act_is_done(self) -> None:
        """The random catalog reaches what it is about: every act, copies, figures that differ between readers."""
        write_sources()
        staff = Staff(Random(5))  # noqa: S311 no secret
        for number in range(8 * len(ACTS)):
            staff.act(ACTS[number % len(ACTS)])
        assert set(staff.done) == set(ACTS)
        assert staff.refused
        assert any(row.reach != row.public_reach for row in Indicator.objects.all())
        assert wrong_figures() == []
        assert recompute().drift == 0
