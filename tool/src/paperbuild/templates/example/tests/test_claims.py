"""The rule of a claim on either side of its bound, and on it."""

import pytest

from study import claims

CLAIM = {"supported": "rate > 1", "not_supported": "rate < 1"}


@pytest.mark.parametrize(
    ("rate", "verdict"), [(1.1, "supported"), (0.9, "not supported"), (1.0, "undecided")]
)
def test_the_rule_decides(rate, verdict):
    assert claims.verdict(CLAIM, {"rate": rate}) == verdict
