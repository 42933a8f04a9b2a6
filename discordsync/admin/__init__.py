from discordsync.admin import records  # noqa: F401
