from tests.support.verifying import verify

__all__ = ["verify"]
