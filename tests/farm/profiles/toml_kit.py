"""For tests of profiles: writing a changed profile as TOML, and asking why it was refused."""

from __future__ import annotations

import json
import math
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest

from farm.profiles import BadProfile, Profile, Source, load_profile

TABLES = ("link", "identify", "limits", "park", "cooling", "crash", "quality")


def keys_of(table: str) -> list[str]:
    """The keys of a table of a profile, in order; of the file itself, tables left out, for no name."""
    fields = {field.name: field.type for field in msgspec.structs.fields(Profile)}
    if table:
        return [field.name for field in msgspec.structs.fields(fields[table])]
    return [name for name in fields if name not in (*TABLES, "sources")]


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    return json.dumps(value)


def text_of(said: dict[str, Any]) -> str:
    """The TOML that says this."""
    lines = [f"{key} = {_value(value)}" for key, value in said.items() if key not in (*TABLES, "sources")]
    for table in TABLES:
        lines += [f"[{table}]", *(f"{key} = {_value(value)}" for key, value in said[table].items())]
    for source in said["sources"]:
        lines += ["[[sources]]", *(f"{key} = {_value(value)}" for key, value in source.items())]
    return "\n".join(lines) + "\n"


def reason(said: dict[str, Any] | bytes, name: str) -> str:
    """Why a file of that name which says this is refused: the test fails when it is not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(said if isinstance(said, bytes) else text_of(said).encode())
        with pytest.raises(BadProfile) as caught:
            load_profile(path)
    assert caught.value.detail["file"] == name
    return str(caught.value.detail["reason"])


def described() -> str:
    """The part of the README that says what each key means, made from the types."""
    heads = {field.name: field.type for field in msgspec.structs.fields(Profile)}
    top = " · ".join(_key(one) for one in msgspec.structs.fields(Profile) if one.name in keys_of(""))
    said = [f"**At the top**: {top}."]
    for table in TABLES:
        keys = " · ".join(map(_key, msgspec.structs.fields(heads[table])))
        said.append(f"**[{table}]** {_claim(heads[table])} {keys}.")
    said.append(
        "**[[sources]]** Where each value is from: "
        + " · ".join(map(_key, msgspec.structs.fields(Source)))
        + "."
    )
    wrapped = (textwrap.fill("- " + one, 140, subsequent_indent="  ", break_on_hyphens=False) for one in said)
    return "\n".join(wrapped)


def _claim(table: Any) -> str:
    return str(table.__doc__).strip().removesuffix(".") + ":"


def _key(field: Any) -> str:
    """``name`` what it is (its bounds)."""
    kind = msgspec.inspect.type_info(field.type)
    note, low, high = "", None, None
    if isinstance(kind, msgspec.inspect.Metadata):
        note = str((kind.extra_json_schema or {}).get("description", ""))
        kind = kind.type
    if isinstance(kind, msgspec.inspect.IntType | msgspec.inspect.FloatType):
        low = kind.ge if kind.ge is not None else kind.gt
        high = kind.le
    bounds = f" ({low:g}..{high:g})" if low is not None and high is not None else ""
    assert note, f"{field.name} says nothing about itself: add Meta(description=...)"
    return f"`{field.name}` = {note}{bounds}"
