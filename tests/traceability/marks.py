"""Which test stands for which requirement: read from the tests' source, so that nothing has to run.

A mark is `@pytest.mark.requirement("R11")` on a test or its class, in a parameter's `marks`, or in the
module's `pytestmark`. A helper that makes marked parameters is given the row first: `case("R11", ...)`.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROW = re.compile(r"[RC][0-9]+")
Found = dict[str, list[str]]  # tests by requirement, in the order of files


def collect(tests: Path) -> Found:
    """Every mark below the directory `tests`, in which each test file is named test_*.py."""
    found: Found = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"), str(path))
        for name, test in _tests(module):
            for requirement in test:
                label = f"{path.relative_to(tests.parent).as_posix()}::{name}"
                if label not in found[requirement]:
                    found[requirement].append(label)
    return dict(found)


def _tests(module: ast.Module) -> Iterator[tuple[str, list[str]]]:
    of_module = [mark for node in module.body if _is_pytestmark(node) for mark in _marks(node)]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name, of_module + _decorated(node)
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            of_class = of_module + _decorated(node)
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name.startswith("test_"):
                    yield f"{node.name}::{each.name}", of_class + _decorated(each)


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _decorated(node: ast.FunctionDef | ast.ClassDef) -> list[str]:
    return [mark for decorator in node.decorator_list for mark in _marks(decorator)]


def _marks(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and each.args and isinstance(each.args[0], ast.Constant):
            named = str(each.args[0].value)
            if ROW.fullmatch(named) or ast.unparse(each.func) == "pytest.mark.requirement":
                yield named
