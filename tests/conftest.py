"""What every test may use. Each fixture's own text says how."""

pytest_plugins = [
    "tests.support.addresses",
    "tests.support.browser",
    "tests.support.browsers_last",
    "tests.support.clock",
    "tests.support.compiled_once",
    "tests.support.conformance",
    "tests.support.counts",
    "tests.support.emptying",
    "tests.support.ids",
    "tests.support.kept_schema",
    "tests.support.kept_worlds",
    "tests.support.no_skips",
    "tests.support.quick",
    "tests.support.registries",
    "tests.support.reports",
    "tests.support.sandbox",
    "tests.support.smtp",
    "tests.support.unhurried",
]
