"""A policy as TOML and back. Pure: text in, values out; unknown keys are refused with file and key."""

import json

import msgspec

from kiosk.policy.rules import Policy, PolicyRefused, Rule, check


def read_policy(text: str | bytes, file: str = "policy") -> Policy:
    """The policy of a TOML text.

    Raises:
        PolicyRefused: not TOML, an unknown key, or what :func:`kiosk.policy.rules.check` refuses.
    """
    try:
        return check(msgspec.toml.decode(text, type=Policy), file)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PolicyRefused(file=file, reason=str(error)) from error


def write_policy(policy: Policy) -> str:
    """The one TOML text of a policy; what a rule does not name is left out."""
    lines = [f"schema = {policy.schema}", f"title = {_value(policy.title)}"]
    for rule in policy.rules:
        lines += ["", "[[rule]]", *_rule(rule)]
    return "\n".join(lines) + "\n"


def _rule(rule: Rule) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in msgspec.to_builtins(rule).items()]


def _value(value: object) -> str:
    """A string, number, truth or list: JSON writes them as TOML reads them, but for DEL (TOML 1.0, basic strings)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
