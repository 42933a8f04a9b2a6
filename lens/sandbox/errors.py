"""The error for problems that the person who started the sandbox has to solve."""


class SandboxError(Exception):
    """The sandbox cannot start or continue. The message says why and what to do."""
