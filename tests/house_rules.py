"""The rules of the house as functions: text in, complaints out. `test_house.py` applies them to every file.

Sizes and places are those of the project's design: a file of 500 lines, a function of 50, a class of 250 at most;
SQL, flask, serial and gpiozero only in their own rooms.
"""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

FILE_LINES = 500
FUNCTION_LINES = 50
CLASS_LINES = 250
README_LINES = 50

# Where `except Exception` stands, and why; a process's main or a library's callback thread may join it.
BROAD_EXCEPT = {
    "provisioning/web/failures.py": "the web error handler",
}

# One library, the only places (glob patterns on the path) that import it, straight from the house's layering.
WEB = ("*/pages.py", "*/desk.py", "provisioning/web/*", "kiosk/hub/*", "kiosk/terminal/*", "farm/desk/*")
STORES = ("*/store.py", "provisioning/store/*")
ROOMS: dict[str, tuple[str, ...]] = {
    "flask": (*WEB, "provisioning/sync/*", "provisioning/sim/*"),
    "serial": ("farm/worker.py", "farm/worker/*", "farm/port.py", "provisioning/readers/*"),
    "gpiozero": ("farm/interlock/*", "provisioning/sim/*"),
    "evdev": ("provisioning/readers/*",),
    "sqlite3": STORES,
    "sqlite_utils": STORES,
}
# Names that bring none of their library's power: a list of migrations is only handed on.
HARMLESS = {"sqlite_utils.Migrations"}

# Modules beside the services' folders that every service stands on.
SHARED_BY_SERVICES = {"base", "desk", "pages"}

SQL = re.compile(
    r"^\s*(SELECT\s.+?\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|PRAGMA\s+\w"
    r"|(CREATE|ALTER|DROP)\s+(UNIQUE\s+)?(TABLE|INDEX|TRIGGER|VIEW)\b|BEGIN\s+IMMEDIATE\b|WITH\s+\w+\s+AS\s*\()",
    re.DOTALL,
)
# Roots of somebody's machine. Spelled in two halves, or this file would break its own rule.
MACHINE_PATH = re.compile(r"(?<![\w.~}])/(?:wo" r"rk|ro" r"ot|ho" r"me/\w+|Us" r"ers/\w+)/[\w.]")
ELSEWHERE = re.compile(
    r"""https?://(?!www\.w3\.org/|127\.0\.0\.1|localhost)|(?:src|href|action)\s*=\s*["']//|url\(\s*["']?//"""
)
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|NotImplemented" r"Error)\b")


def is_in(path: str, patterns: tuple[str, ...]) -> bool:
    """True when the path fits one of the patterns; `*` also spans folders."""
    as_regex = ["^" + re.escape(one).replace(r"\*", ".*") + "$" for one in patterns]
    return any(re.match(one, path) for one in as_regex)


def sizes(path: str, text: str) -> Iterator[str]:
    """Complaints about files, functions and classes that have grown too long."""
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{path}: {lines} lines, at most {FILE_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            limit = FUNCTION_LINES
        elif isinstance(node, ast.ClassDef):
            limit = CLASS_LINES
        else:
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > limit:
            yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {limit}"


def purpose(path: str, text: str) -> Iterator[str]:
    """A complaint about a module that does not say what it is for."""
    if not ast.get_docstring(ast.parse(text)):
        yield f"{path}: no docstring that says what the module is for"


def _names(node: ast.expr | None) -> list[str]:
    if node is None:
        return ["everything"]
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return [ast.unparse(part).split(".")[-1] for part in parts]


def broad_excepts(path: str, text: str) -> Iterator[str]:
    """Complaints about handlers that swallow bugs outside the allowed places; one that raises again does not."""
    if path in BROAD_EXCEPT:
        return
    broad = {"everything", "Exception", "BaseException"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ExceptHandler) and broad & set(_names(node.type)):
            last = node.body[-1]
            if isinstance(last, ast.Raise) and last.exc is None:
                continue
            yield f"{path}:{node.lineno}: catches {', '.join(_names(node.type))}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            names = {name for argument in node.args for name in _names(argument)}
            yield from (f"{path}:{node.lineno}: suppresses {name}" for name in sorted(broad & names))


def imports(text: str) -> Iterator[tuple[int, str]]:
    """Line and full name of every module that a text imports, wherever in the file."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def wrong_rooms(path: str, text: str) -> Iterator[str]:
    """Complaints about a library used outside its room; `if TYPE_CHECKING` counts too."""
    for line, name in imports(text):
        library = name.split(".")[0]
        if library in ROOMS and name not in HARMLESS and not is_in(path, ROOMS[library]):
            yield f"{path}:{line}: {library} belongs in {', '.join(ROOMS[library])}"


def neighbours(path: str, text: str) -> Iterator[str]:
    """Complaints about a service of the menu that imports another: removing one is deleting its folder."""
    parts = path.split("/")
    if parts[:2] != ["kiosk", "services"] or len(parts) < 4:
        return
    for line, name in imports(text):
        there = name.split(".")
        if (
            there[:2] == ["kiosk", "services"]
            and len(there) > 3
            and there[2] not in {parts[2], *SHARED_BY_SERVICES}
        ):
            yield f"{path}:{line}: service {parts[2]} imports {name}"


def stray_sql(path: str, text: str) -> Iterator[str]:
    """Complaints about SQL outside the files that own it."""
    if is_in(path, STORES):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.match(node.value):
            yield f"{path}:{node.lineno}: SQL outside store.py: {node.value.strip()[:40]!r}"


def mocks_and_sleeps(path: str, text: str) -> Iterator[str]:
    """Complaints about a test that mocks our classes or waits for time instead of for a fact."""
    banned_imports = {"unittest.mock", "mock", "pytest_mock", "time.sleep", "asyncio.sleep"}
    banned_calls = {"time.sleep", "asyncio.sleep", "monkeypatch.setattr", "mocker.patch"}
    for line, name in imports(text):
        if any(f"{name}.".startswith(f"{banned}.") for banned in banned_imports):
            yield f"{path}:{line}: imports {name}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in banned_calls or called.endswith(".wait_for_timeout"):
                yield f"{path}:{node.lineno}: calls {called}"


def unfinished(path: str, text: str) -> Iterator[str]:
    """Complaints about what is left for later inside product code."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := UNFINISHED.search(line):
            yield f"{path}:{number}: {found[0]}"


def elsewhere(path: str, text: str) -> Iterator[str]:
    """Complaints about a page, style or script that names another server; names of XML dialects are not fetched."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := ELSEWHERE.search(line):
            yield f"{path}:{number}: points elsewhere: {line[found.start() : found.start() + 40]}"


def machine_paths(path: str, text: str) -> Iterator[str]:
    """Complaints about a path that exists on one person's machine only."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := MACHINE_PATH.search(line):
            yield f"{path}:{number}: {line[found.start() : found.start() + 40]}"


def readme(folder: str, text: str | None) -> Iterator[str]:
    """A complaint about a top folder whose README is missing or longer than one screen."""
    if text is None:
        yield f"{folder}/README.md is missing: what lives here and who may enter"
    elif (lines := text.count("\n")) > README_LINES:
        yield f"{folder}/README.md has {lines} lines, one screen is {README_LINES}"


def vendored(manifest: str, folder: Path) -> Iterator[str]:
    """Complaints about vendored files: unlisted, missing, changed, or without version, licence or licence text."""
    listed = {entry.get("name", "?"): entry for entry in tomllib.loads(manifest).get("file", [])}
    licences = {entry.get("licence_text", "") for entry in listed.values()}
    here = {str(PurePosixPath(one.relative_to(folder))) for one in folder.rglob("*") if one.is_file()}
    here -= licences | {"MANIFEST.toml", "README.md"}
    yield from (f"{name}: not in the manifest" for name in sorted(here - listed.keys()))
    yield from (f"{name}: in the manifest, not in the folder" for name in sorted(listed.keys() - here))
    for name in sorted(here & listed.keys()):
        entry = listed[name]
        yield from (
            f"{name}: no {key}" for key in ("version", "licence", "licence_text") if not entry.get(key)
        )
        if not (folder / entry.get("licence_text", "?")).is_file():
            yield f"{name}: its licence text is not in the folder"
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != entry.get("sha256"):
            yield f"{name}: is not the file that the manifest describes"
