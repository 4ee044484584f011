"""Locations: what a test of a file's path or of a registry key looks for, however much of it the vendor writes.

Both answer with a readable predicate, or "" where only the exact test says it: `base:` a file name, `ext:` an
extension, `dir:` everything in a folder (or below a key), `path:` and `regpath:` a path or its tail, `value:` the
last component of a registry path.
"""

from __future__ import annotations

import re

from detections.normalization.patterns import Pattern

# A drive, written as a letter, as any one character, or cut off behind a star (`*:\x`, ':\x').
_DRIVE = re.compile(r"^[a-z?]?:(?=\\)")
_FILE_NAME = re.compile(r"[^\\/]+\.[a-z0-9]{1,10}")
_EXTENSION = re.compile(r"\.[a-z0-9]{1,10}")

_HIVE = re.compile(
    r"^\\?(?:(?:registry\\)?machine|hkey_local_machine|hklm|hkey_current_user|hkcu|hkey_classes_root|hkcr)"
    r":?(?=\\|$)"
)
# Below HKEY_USERS stands a key for each user, which says nothing about what is sought.
_USERS = re.compile(r"^\\?(?:(?:registry\\)?user|hkey_users|hku):?(?:\\(?:\*|\.default|s-1-[^\\]*))?(?=\\|$)")
_CONTROL_SET = re.compile(
    r"(?<![^\\])(?:(?:system\\)?(?:currentcontrolset|\*?controlset(?:\d{3}|\*|\?{3}|00[?*])))(?![^\\])"
)


def path_predicate(form: str, pattern: Pattern) -> str:
    """`form` tells what part of a path the field holds: base, dir, ext, or all of it."""
    text = pattern.text.replace("/", "\\") if "\\" in pattern.text else pattern.text
    separator = "\\" if "\\" in text else "/"
    if form == "ext":
        return f"ext:{text.lstrip('.')}" if pattern.whole and text.strip(".") else ""
    drive = _DRIVE.match(text)
    rooted = bool(drive) or not pattern.open_start
    text = text[drive.end() :] if drive else text
    inner = text.strip(separator)
    if not inner:
        return ""
    if text.startswith("\\\\") and rooted and not drive:
        inner = f"\\\\{inner}"  # a share is no folder of this machine
    several = separator in inner
    bounded = rooted or several or text.startswith(separator)
    if (form == "dir" and pattern.whole) or (pattern.open_end and text.endswith(separator)):
        return f"dir:{inner}{separator}" if bounded else ""
    if pattern.open_end:
        named = bounded and pattern.open_start and _FILE_NAME.fullmatch(inner.rpartition(separator)[2])
        return _file(inner, several) if named else ""
    if pattern.open_start and _EXTENSION.fullmatch(text):
        return f"ext:{text[1:]}"
    return _file(inner, several) if bounded or _FILE_NAME.fullmatch(inner) else ""


def registry_predicate(pattern: Pattern) -> str:
    """The hive's spelling, the number of a control set and a user's own key make no difference."""
    text = _USERS.sub("", _HIVE.sub("", pattern.text, count=1), count=1)
    rooted = text != pattern.text or not pattern.open_start
    text = _CONTROL_SET.sub("currentcontrolset", text)
    inner = text.strip("\\")
    if not inner:
        return ""
    several = "\\" in inner
    bounded = rooted or several or text.startswith("\\")
    if pattern.open_end and text.endswith("\\"):
        return f"dir:{inner}\\" if bounded else ""
    if several:
        return f"regpath:{inner}"
    return f"value:{inner}" if bounded and not pattern.open_end else ""


def _file(inner: str, several: bool) -> str:
    return f"path:{inner}" if several else f"base:{inner}"
