"""What a scalar of a manifest means to kubectl, which reads by sigs.k8s.io/yaml, and that by go-yaml v2."""

from __future__ import annotations

import base64
import binascii
import re
import struct
from typing import Any

STR, MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_PREFIX = "tag:yaml.org,2002:"
_BINARY = _PREFIX + "binary"
_TYPED = {_PREFIX + name for name in ("bool", "int", "float", "null", "timestamp")}
_WORDS: dict[str, bool | float | None] = {
    **{form(word): True for word in ("y", "yes", "true", "on") for form in (str, str.capitalize, str.upper)},
    **{form(word): False for word in ("n", "no", "false", "off") for form in (str, str.capitalize, str.upper)},
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_TIME = re.compile(r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)| \S+)?")
_WHOLE = re.compile(r"([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]([0-7]+)|0[bB]([01]+)|0([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DOTTED = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)?")


def resolve(tag: str, text: str) -> Any:
    """Return a scalar's value: None, bool, int, float or str; `tag` is "" for an unquoted scalar without one.

    | text | value |
    | --- | --- |
    | base 60 numbers, dates | text |
    | a number beyond 64 bits | a float |
    | any text with a tag that is not YAML's | text |

    Raises: ValueError when the tag does not fit the text.
    """
    if tag == _BINARY:
        return _binary(text)
    if tag and tag not in _TYPED:
        return text
    wanted = tag.removeprefix(_PREFIX)
    if wanted == "timestamp" and _TIME.fullmatch(text):
        return text
    value = _plain(text)
    if wanted == "float" and _name(value) == "int" and -(2**63) <= value < 2**63:
        return float(value)
    if wanted and wanted != _name(value):
        raise ValueError(f"it is no !!{wanted}")
    return value


def as_json(value: Any) -> Any:
    """Return a value as Go writes it as JSON: whole floats become integers, integers over 64 bits are rounded.

    Raises: ValueError for what JSON has no word for.
    """
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        value = _rounded(value)
    if not isinstance(value, float):
        return value
    if value != value or value in (float("inf"), float("-inf")):
        raise ValueError("JSON has no such number")
    if not value.is_integer() or abs(value) >= 1e21:
        return value
    digits, _, exponent = repr(value).partition("e")  # the shortest digits that give the float, filled up with zeros
    whole, _, fraction = digits.partition(".")
    fraction = fraction if fraction != "0" else ""
    return int(whole + fraction + "0" * (int(exponent or 0) - len(fraction)))


def _rounded(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return float("inf")


def as_key(value: Any) -> str:
    """Return the JSON key that a scalar becomes; raise ValueError for one that can't be a key."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, float):
        return _short(value)
    raise ValueError("a key is a text, a number, true or false")


def _name(value: Any) -> str:
    return {bool: "bool", int: "int", float: "float", type(None): "null"}.get(type(value), "str")


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    first = text[0]
    if first == ".":
        return _float(text.replace("_", ""), text) if _DOTTED.fullmatch(text) else text
    if first not in "+-0123456789":
        return text
    bare = text.replace("_", "")
    if number := _WHOLE.fullmatch(bare):
        sign, *digits = number.groups()
        value = next(int(d, base) for d, base in zip(digits, (16, 8, 2, 8, 10), strict=True) if d is not None)
        # One that fits neither int64 nor uint64 is a float when it is written in tens, and else a text.
        if value <= 2**63 if sign == "-" else value < 2**63 if sign else value < 2**64:
            return -value if sign == "-" else value
    return _float(bare, text) if _FLOAT.fullmatch(bare) else text


def _float(number: str, text: str) -> Any:
    value = float(number)
    return text if value in (float("inf"), float("-inf")) else value


def _binary(text: str) -> str:
    try:
        return base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True).decode("utf-8")
    except binascii.Error as error:
        raise ValueError("it is no base64") from error
    except UnicodeDecodeError as error:
        raise ValueError("it holds bytes that are no text: give its base64 without the tag, as binaryData") from error


def _short(value: float) -> str:
    """Return a float as Go's strconv.FormatFloat(value, 'g', -1, 32) writes it."""
    try:
        single = struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        single = float("inf") if value > 0 else float("-inf")
    if single != single or single in (float("inf"), float("-inf")):
        return ".nan" if single != single else ".inf" if single > 0 else "-.inf"
    shortest = next(
        text
        for text in (f"{single:.{precision}e}" for precision in range(17))
        if struct.unpack("f", struct.pack("f", float(text)))[0] == single
    )
    mantissa, _, exponent = shortest.partition("e")
    if -4 <= int(exponent) < 6:
        digits = len(mantissa.lstrip("-").replace(".", ""))
        return f"{single:.{max(0, digits - 1 - int(exponent))}f}"
    return f"{mantissa}e{exponent}"
