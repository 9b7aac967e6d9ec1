"""format: the C++ is laid out as clang-format 14 does it, and text ends as text should."""

import re
import shutil
import subprocess

from project import Finding, Skip, sources, text_files


def clang_format():
    """Only version 14 counts: others lay out some lines differently."""
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            version = subprocess.run([name, "--version"], capture_output=True, text=True).stdout
            if re.search(r"version 14\.", version):
                return name
    return None


def check(root):
    for path, text in text_files(root):
        if path.startswith("tests/fuzz/corpus/") or path.endswith((".patch", ".golden")):
            continue
        if text and not text.endswith("\n"):
            yield Finding(path, text.count("\n") + 1, "no newline at the end")
        if "\r\n" in text and path.endswith((".cpp", ".hpp", ".py", ".md", ".txt", ".cmake", ".toml")):
            yield Finding(path, 0, "lines end in CR LF")
    tool = clang_format()
    if not tool:
        raise Skip("no clang-format 14")
    names = sources(root)
    if not names:
        return
    done = subprocess.run([tool, "--dry-run", "--ferror-limit=1", *names], cwd=root, capture_output=True, text=True)
    for match in re.finditer(r"^(\S+?):(\d+):\d+: \w+: code should be clang-formatted", done.stderr, re.M):
        yield Finding(match[1], int(match[2]), f"{tool} -i would change it")
