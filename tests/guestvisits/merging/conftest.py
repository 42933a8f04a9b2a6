from tests.guestvisits.effects.conftest import _facts_alone, installed, world  # noqa: F401
