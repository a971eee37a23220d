#!/usr/bin/env python3
"""Fails on an include that the layers do not allow.

ALLOWED says the same as the link lines in CMakeLists.txt, spelled out at any distance.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BELOW_GATEWAY = {"server", "chat", "socketio", "net", "engineio", "websocket", "http", "base"}
ALLOWED = {
    "base": set(),
    "websocket": {"base"},
    "http": {"base"},
    "engineio": {"base"},
    "socketio": {"base"},
    "chat": {"socketio", "base"},
    "redis": {"chat", "socketio", "base"},
    "postgres": {"chat", "socketio", "base"},
    "memory": {"chat", "socketio", "base"},
    "net": {"websocket", "http", "base"},
    "server": {"net", "engineio", "websocket", "http", "base"},
    "gateway": BELOW_GATEWAY,
    "admin": BELOW_GATEWAY | {"gateway"},
    "app": BELOW_GATEWAY | {"gateway", "admin", "redis", "postgres", "memory"},
    "third_party": set(),
}

# What a public header must not pull into everyone's build.
HEAVY = re.compile(r"nlohmann/(?!json_fwd\.hpp)|hiredis/|pqxx/|boost/beast|openssl/|zlib\.h")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def module_of(path):
    """The module a file belongs to; the files directly in src/ put the program together, as app does."""
    parts = path.relative_to(ROOT).parts
    parts = parts[2:] if parts[0] == "include" else parts[1:]
    return parts[0] if len(parts) > 1 else "app"


def faults(path):
    module = module_of(path)
    if module not in ALLOWED:
        yield 1, f"module {module} is not in the table of scripts/check_layers.py"
        return
    public = path.relative_to(ROOT).parts[0] == "include"
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        quote, name = found.groups()
        if quote == '"' and ".." in Path(name).parts:
            yield number, f'"{name}": a private header of another folder'
        if name.startswith("chat_gateway/"):
            target = name.split("/")[1]
            if target != module and target not in ALLOWED[module]:
                yield number, f"{module} must not include {target} ({name})"
        elif public and HEAVY.match(name):
            yield number, f"{name} in a public header; include it in a .cpp file"


def main():
    files = [
        path
        for top in ("include", "src")
        for path in sorted((ROOT / top).rglob("*"))
        if path.suffix in {".hpp", ".cpp"}
    ]
    bad = [f"{path.relative_to(ROOT)}:{number}: {text}" for path in files for number, text in faults(path)]
    for line in bad:
        print(line, file=sys.stderr)
    print(f"check_layers: {len(files)} files, {len(bad)} faults")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
