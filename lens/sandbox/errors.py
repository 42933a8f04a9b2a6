"""What the sandbox cannot do, as a sentence for the person who started it."""


class SandboxError(Exception):
    """The sandbox cannot start or go on; the message says why and what to do."""
