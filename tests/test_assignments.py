"""An assignment inside a comprehension changes the function around it: no name of the function may be lost by it.

`[… for x in xs if (count := of(x))]` in a function with a parameter `count` overwrites the parameter without a word.
No linter's rule sees that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def lost(source: str) -> Iterator[str]:
    """Yields `function: name` for each name that a comprehension assigns and its function has from elsewhere."""
    for function in (node for node in ast.walk(ast.parse(source)) if isinstance(node, FUNCTIONS)):
        arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        within = {part for node in ast.walk(function) if isinstance(node, COMPREHENSIONS) for part in ast.walk(node)}
        assigned = [part.target.id for part in within if isinstance(part, ast.NamedExpr)]
        names = (node for node in ast.walk(function) if isinstance(node, ast.Name) and node not in within)
        stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        yield from (f"{function.name}: {name}" for name in assigned if name in arguments | stored)


def test_no_comprehension_overwrites_a_name_of_its_function() -> None:
    files = [path for folder in ("sentiment", "plugins", "dags", "docker") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    assert {
        str(path): list(lost(path.read_text(encoding="utf-8"))) for path in files if [*lost(path.read_text())]
    } == {}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(count, xs):\n return [x for x in xs if (count := x)], count", ["f: count"]),
        ("def f(xs):\n n = 1\n return {x for x in xs if (n := x)}, n", ["f: n"]),
        ("def f(xs):\n return [n for x in xs if (n := x)]", []),
        ("def f(xs):\n return [n for x in xs if (n := x)], [n for n in xs]", []),
        ("def f(n, xs):\n if (n := len(xs)): return n", []),  # seen where it stands, no comprehension around it
    ],
)
def test_what_it_sees(source: str, names: list[str]) -> None:
    assert list(lost(source)) == names
