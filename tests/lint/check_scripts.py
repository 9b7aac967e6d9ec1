"""scripts: shellcheck finds nothing in the shell scripts, and every Python file compiles."""

import re
import shutil
import subprocess
from pathlib import Path

from project import Finding, Skip, files, first_line, read


def is_shell(root, path):
    if path.endswith(".sh"):
        return True
    return bool(re.match(rb"#!\s*(/usr/bin/env\s+(ba)?sh|/bin/(ba|da)?sh)\b", first_line(root, path)))


def is_python(root, path):
    return path.endswith(".py") or bool(re.match(rb"#!.*\bpython3\b", first_line(root, path)))


def check(root):
    for path in files(root):
        if is_python(root, path):
            try:
                compile(read(root, path), path, "exec")
            except SyntaxError as e:
                yield Finding(path, e.lineno or 0, f"Python: {e.msg}")
    scripts = [p for p in files(root) if is_shell(root, p)]
    if not shutil.which("shellcheck"):
        raise Skip("no shellcheck")
    for path in scripts:
        # A file without a first line that says so is sourced by bash (dev/lib.sh).
        shell = [] if first_line(root, path).startswith(b"#!") else ["-s", "bash"]
        done = subprocess.run(["shellcheck", "-x", "-P", "SCRIPTDIR", "-f", "gcc", *shell, path],
                              cwd=Path(root), capture_output=True, text=True)
        for line in done.stdout.splitlines() + done.stderr.splitlines():
            yield Finding(path, 0, line.removeprefix(path + ":"))
