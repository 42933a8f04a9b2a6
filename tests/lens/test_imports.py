"""Modules and packages import each other in one direction, also below TYPE_CHECKING."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPS = ("cohorts", "meetings", "guestvisits", "calendarsync", "discordsync", "lens")

Graph = Mapping[str, Collection[str]]


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert find_cycle(read_imports()) == []


def test_no_package_imports_itself_by_way_of_its_neighbours() -> None:
    """In each package its modules and packages, each as a whole, form no cycle."""
    neighbours: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for module, imported in read_imports().items():
        for other in imported:
            package, one, two = part(module, other)
            if one and two:
                neighbours[package][one].add(two)
    cycles = {package: find_cycle(graph) for package, graph in neighbours.items()}
    assert {package: cycle for package, cycle in cycles.items() if cycle} == {}


def test_discords_client_is_loaded_only_where_it_is_used() -> None:
    """A process that does not call Discord starts in a fifth less time."""
    files = [file for app in APPS for file in (ROOT / app).rglob("*.py")]
    body = {file: ast.parse(file.read_text()).body for file in files}
    client = {"discordsync.rest.client", "discord", "aiohttp"}
    loads = {name_of(file) for file in files if client & {*named_in(body[file])}}
    callers = ("discordsync.rest.", "discordsync.bot.gateway.")
    assert [n for n in loads if not n.startswith(callers) and ".sandbox." not in n] == []


def named_in(body: list[ast.stmt]) -> Iterator[str | None]:
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_a_cycle_is_found() -> None:
    assert find_cycle({"a": {"b"}, "b": {"c", "d"}, "c": {"d"}, "d": set()}) == []
    assert find_cycle({"x": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]


@cache
def read_imports() -> dict[str, set[str]]:
    """Return the product modules that each product module imports, anywhere in its text."""
    files = {name_of(file): file for app in APPS for file in (ROOT / app).rglob("*.py")}
    return {name: set(imports_in(file, files)) - {name} for name, file in files.items()}


def name_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_in(file: Path, modules: Collection[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield from [name for name in (inner, node.module) if name in modules][:1]


def part(module: str, other: str) -> tuple[str, str, str]:
    """Return the package that contains both modules, and the names in it that lead to them."""
    ones, twos = module.split("."), other.split(".")
    shared = 0
    while ones[shared : shared + 1] == twos[shared : shared + 1] != []:
        shared += 1
    return ".".join(ones[:shared]), "".join(ones[shared:][:1]), "".join(twos[shared:][:1])


def find_cycle(graph: Graph) -> list[str]:
    """Return the nodes of one cycle, the first one again at its end; empty if there is none."""
    done: set[str] = set()

    def walk(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        for other in sorted(graph.get(node, ())):
            if cycle := walk(other, [*path, node]):
                return cycle
        done.add(node)
        return []

    return next((cycle for node in sorted(graph) if (cycle := walk(node, []))), [])
