"""Reads the code itself for refusals: every code that is raised, given back or passed on, and what comes along with it.

Nothing is listed by hand that can be read: errors are followed from module to module by their imports, codes through
the constants, conditions and tables that hold them. What cannot be read is returned, so that a test can insist on it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

TOP = Path(__file__).parents[2]
PACKAGES = ("kiosk", "provisioning", "farm")
ROOT = "provisioning.errors.PassageError"

# Calls that hand a code over as a value, and where it stands among their arguments.
HANDED: dict[str, int] = {
    "sentence_for": 0,
    "NotWelcome": 1,
    "SignInRefused": 1,
    "_refuse": 1,
    "_end_from_afar": 2,
    "Did": 1,
    "MakingWent": 2,
    "_show": 2,
    "_fail": 2,
    "Decision": 2,
}
# Tables and kinds of text that hold codes without a call.
KEYS, VALUES = "keys", "values"
TABLES: dict[tuple[str, str], str] = {
    ("provisioning.web.failures", "_BY_STATUS"): VALUES,
    ("provisioning.errors", "FAMILIES"): KEYS,
    ("provisioning.readers.stick.door", "FAMILIES"): KEYS,
    ("kiosk.services.printing.sentences", "BY_RULE"): KEYS,
    ("kiosk.policy.rules", "Because"): VALUES,
    ("provisioning.readers.keys", "KeyCode"): VALUES,
    ("provisioning.identity.choosing", "WhyNot"): VALUES,
}
HANDED_BY_NAME = frozenset({"problem", "refused"})  # keywords, whatever is called
GIVES_CODES = re.compile(r"_?(why_not\w*|too_near|decide|_?trouble\w*)$")  # functions that give codes back
CODE = re.compile(r"[a-z]+(_[a-z]+)+")
PASSED_ON = re.compile(
    r"(.*\.)?(reason|code|problem|refused|error|refusal|because)"
)  # somebody else raised it


@dataclass(frozen=True)
class Place:
    """Where a code comes from, and the names of what comes with it."""

    file: str
    line: int
    detail: frozenset[str] = frozenset()
    error: str = ""  # the class that is raised
    is_given: bool = False  # raised or handed over here, not only named in a class or a table

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass
class Module:
    """One file, with what its names mean."""

    name: str
    file: str
    tree: ast.Module
    names: dict[str, str] = field(default_factory=dict)  # local name -> dotted


class Code:
    """All Python of a tree that holds ``kiosk``, ``provisioning`` and ``farm``."""

    def __init__(self, top: Path = TOP) -> None:
        self.modules: dict[str, Module] = {}
        for package in PACKAGES:
            for path in sorted((top / package).rglob("*.py")):
                self._read(path, top)
        self.codes: dict[str, set[Place]] = defaultdict(set)
        self.unreadable: dict[tuple[str, str], Place] = {}
        for module in self.modules.values():
            _Walk(self, module).visit(module.tree)
        for (name, table), half in TABLES.items():
            self._read_table(self.modules[name], table, half)

    def _read(self, path: Path, top: Path) -> None:
        parts = path.relative_to(top).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        module = Module(name, str(path.relative_to(top)), ast.parse(path.read_text()))
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                for one in node.names:
                    module.names[one.asname or one.name] = f"{node.module}.{one.name}"
            elif isinstance(node, ast.Import):
                for one in node.names:
                    module.names[one.asname or one.name.partition(".")[0]] = one.name
        for top_level in module.tree.body:
            if isinstance(top_level, ast.ClassDef):
                module.names[top_level.name] = f"{name}.{top_level.name}"
        self.modules[name] = module

    def _read_table(self, module: Module, table: str, half: str) -> None:
        value = next(found for node in module.tree.body if (found := _assigns(node, table)) is not None)
        texts = getattr(value, half) if isinstance(value, ast.Dict) else ast.walk(value)
        for one in texts:
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                self.codes[one.value].add(Place(module.file, one.lineno))

    def meaning(self, module: Module, expression: ast.expr) -> str:
        """The dotted name of what an expression names, followed through packages that pass it on."""
        if isinstance(expression, ast.Attribute):
            dotted = f"{self.meaning(module, expression.value)}.{expression.attr}"
        elif isinstance(expression, ast.Name):
            dotted = module.names.get(expression.id, expression.id)
        else:
            return ""
        for _ in range(5):
            home, _, name = dotted.rpartition(".")
            onward = self.modules[home].names.get(name) if home in self.modules else None
            if onward is None or onward == dotted:
                break
            dotted = onward
        return dotted

    @cached_property
    def errors(self) -> dict[str, str]:
        """Every class of ours that is an error -> its own code."""
        bases: dict[str, tuple[list[str], str]] = {}
        for module in self.modules.values():
            for node in module.tree.body:
                if isinstance(node, ast.ClassDef):
                    own = [self.meaning(module, base) for base in node.bases]
                    bases[f"{module.name}.{node.name}"] = own, _class_code(node)
        return _heirs(bases)


class _Walk(ast.NodeVisitor):
    def __init__(self, code: Code, module: Module) -> None:
        self._code, self._module = code, module
        self._functions: list[ast.FunctionDef] = []
        self._called: set[int] = set()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        code = self._code.errors.get(f"{self._module.name}.{node.name}")
        if code is not None and _class_code(node):
            self._note(code, node)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._functions.append(node)
        self.generic_visit(node)
        self._functions.pop()

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None and self._functions and GIVES_CODES.match(self._functions[-1].name):
            for part in ast.walk(node.value):
                if (
                    isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and CODE.fullmatch(part.value)
                ):
                    self._note(part.value, node)
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        if node.exc is not None and not isinstance(node.exc, ast.Call):
            name = self._code.meaning(self._module, node.exc)
            if name in self._code.errors:
                self._note(self._code.errors[name], node, given_as=name)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = self._code.meaning(self._module, node.func)
        if name in self._code.errors:
            self._raised(node, name)
        else:
            self._handed(node, name.rpartition(".")[2])
        self.generic_visit(node)

    def _raised(self, node: ast.Call, name: str) -> None:
        detail = frozenset(one.arg or "**" for one in node.keywords)
        if not node.args:
            self._note(self._code.errors[name], node, detail, given_as=name)
            return
        self._take(node.args[0], node, detail, given_as=name)

    def _handed(self, node: ast.Call, name: str) -> None:
        place = HANDED.get(name)
        detail = frozenset(one.arg or "**" for one in node.keywords)
        for keyword in node.keywords:
            if keyword.arg in HANDED_BY_NAME:
                for code in (self._constants(keyword.value) or set()) - {""}:
                    self._note(code, node)
        if place is not None and len(node.args) > place:
            self._take(node.args[place], node, detail, given_as="")

    def _take(
        self, given: ast.expr, node: ast.AST, detail: frozenset[str], *, given_as: str | None = None
    ) -> None:
        found = self._constants(given)
        if found is None:
            if not PASSED_ON.fullmatch(ast.unparse(given)) or given_as:
                key = (self._module.file, ast.unparse(given))
                self._code.unreadable[key] = Place(self._module.file, getattr(node, "lineno", 0))
            return
        for code in found - {""}:
            self._note(code, node, detail, given_as=given_as)

    def _note(
        self, code: str, node: ast.AST, detail: frozenset[str] = frozenset(), *, given_as: str | None = None
    ) -> None:
        line = getattr(node, "lineno", 0)
        self._code.codes[code].add(
            Place(self._module.file, line, detail, given_as or "", given_as is not None)
        )

    def _constants(self, given: ast.expr) -> set[str] | None:
        """Every text that an expression can be; None when that cannot be read."""
        match given:
            case ast.Constant(value=str() as text):
                return {text}
            case ast.IfExp(body=one, orelse=other):
                return _both(self._constants(one), self._constants(other))
            case ast.Name(id=name):
                return self._assigned(name)
            case ast.Subscript(value=ast.Name(id=name)):
                return self._table(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, *default]):
                found = self._table(name)
                for one in default:
                    if not PASSED_ON.fullmatch(ast.unparse(one)):
                        found = _both(found, self._constants(one))
                return found
            case _:
                return None

    def _table(self, name: str) -> set[str] | None:
        """The texts that a table of this module gives."""
        for node in self._module.tree.body:
            value = getattr(node, "value", None)
            if _assigns(node, name) is not None and isinstance(value, ast.Dict):
                found: set[str] | None = set()
                for one in value.values:
                    found = _both(found, self._constants(one))
                return found
        return None

    def _assigned(self, name: str) -> set[str] | None:
        """What is assigned to a name in this function, else in this module."""
        scopes: list[list[ast.AST]] = [list(self._module.tree.body)]
        if self._functions:
            scopes.insert(0, list(ast.walk(self._functions[-1])))
        for scope in scopes:
            values = [value for node in scope if (value := _assigns(node, name)) is not None]
            values += [value for node in scope for value in _looped(node, name)]
            found: set[str] | None = set()
            for value in values:
                found = _both(found, self._constants(value))
            if values:
                return found
        return None


def _heirs(bases: dict[str, tuple[list[str], str]]) -> dict[str, str]:
    """The classes that come from ROOT, however far, with their own code or the one they inherit."""
    found, grown = {ROOT: "error"}, True
    while grown:
        grown = False
        for name, (own, code) in bases.items():
            parent = next((one for one in own if one in found), None)
            if name not in found and parent is not None:
                found[name] = code or found[parent]
                grown = True
    return found


def _assigns(node: ast.AST, name: str) -> ast.expr | None:
    """What a statement assigns to a name, if it does."""
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
        return node.value
    if not isinstance(node, ast.Assign):
        return None
    for target in node.targets:
        if isinstance(target, ast.Name) and target.id == name:
            return node.value
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(one, ast.Name) and one.id == name:
                    return value
    return None


def _looped(node: ast.AST, name: str) -> list[ast.expr]:
    """What a loop over a written-out table of rows gives to one of its names."""
    if not (
        isinstance(node, ast.For) and isinstance(node.target, ast.Tuple) and isinstance(node.iter, ast.Tuple)
    ):
        return []
    place = next(
        (n for n, one in enumerate(node.target.elts) if isinstance(one, ast.Name) and one.id == name), None
    )
    rows = [row for row in node.iter.elts if isinstance(row, ast.Tuple)]
    return [row.elts[place] for row in rows] if place is not None else []


def _both(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    return None if one is None or other is None else one | other


def _class_code(node: ast.ClassDef) -> str:
    for line in node.body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        named = any(isinstance(one, ast.Name) and one.id == "code" for one in targets)
        value = getattr(line, "value", None)
        if named and isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""
