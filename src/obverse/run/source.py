"""The code of models and measures from outside this package, whose versions nobody keeps.

What counts is the module of the class and of its bases, and the user's own modules that these import,
without comments, docstrings and layout. Experiments in them do not count unless the other code names
them: what they do is seen in the data.
"""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType

from obverse.core.content import content_hash
from obverse.core.experiment import Experiment
from obverse.store.program import is_ours, is_users


@cache
def source(kind: type) -> dict[str, str]:
    """Return {"source": a hash of the code of a class}; nothing for a class of this package."""
    outside = [c for c in kind.__mro__ if not is_ours(c.__module__) and c.__module__ != "builtins"]
    mine = [c for c in outside if c is kind or is_users(sys.modules.get(c.__module__))]
    if kind not in outside:
        return {}
    seen: dict[str, str] = {}
    for each in mine:
        module = sys.modules.get(each.__module__)
        text = _text(module)
        if module is None or text is None:
            seen[each.__qualname__] = content_hash(list(_code(each)))  # typed at a prompt
        else:
            _collect(module, text, seen)
    return {"source": content_hash(sorted(seen.values()))}  # wherever the modules lie


def _text(module: ModuleType | None) -> str | None:
    try:
        return None if module is None else inspect.getsource(module)
    except (OSError, TypeError):
        return None


def _collect(module: ModuleType, text: str, seen: dict[str, str]) -> None:
    """Add the code of a module, and of the user's modules that it imports."""
    if module.__name__ in seen:
        return
    tree = ast.parse(text)
    tree.body = _without_experiments(tree.body, module)
    names = list(_imported(tree, module))
    seen[module.__name__] = ast.dump(_without_docstrings(tree))
    for name in names:
        other = sys.modules.get(name)
        if is_users(other) and other is not None and (found := _text(other)) is not None:
            _collect(other, found, seen)


def _without_experiments(body: list[ast.stmt], module: ModuleType) -> list[ast.stmt]:
    """Leave out the experiments that no other code of a module names."""
    experiments = {
        name: kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, Experiment)
    }
    rest = [n for n in body if not (isinstance(n, ast.ClassDef) and n.name in experiments)]
    named = {n.id for statement in rest for n in ast.walk(statement) if isinstance(n, ast.Name)}
    return [n for n in body if n in rest or (isinstance(n, ast.ClassDef) and n.name in named)]


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
                node.body = node.body[1:]
    return tree


def _imported(tree: ast.Module, module: ModuleType) -> Iterator[str]:
    package = module.__package__ or ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{one.name}" for one in node.names)


def _code(kind: type) -> Iterator[tuple[str, object]]:
    """Yield what can be told of a class without its text: its methods' instructions and values."""
    for name, value in sorted(vars(kind).items()):
        value = getattr(value, "__func__", getattr(value, "fget", value))
        if isinstance(value, FunctionType):
            yield name, _instructions(value.__code__)
        elif isinstance(value, str | int | float | bool):
            yield name, value


def _instructions(code: CodeType) -> list[object]:
    values = [_instructions(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return [code.co_code.hex(), list(code.co_names), values]
