"""C++ as a list of tokens: enough for lints that ask what stands beside what, not what it means."""

import re
from typing import NamedTuple


class Token(NamedTuple):
    text: str
    line: int


PATTERN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/)
    | (?P<raw>(?:u8|[uUL])?R"(?P<delimiter>[^()\\\s]{0,16})\(.*?\)(?P=delimiter)")
    | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.)*")
    | (?P<char>(?:u8|[uUL])?'(?:[^'\\\n]|\\.)+')
    | (?P<number>\.?\d(?:[\w.]|'(?=\w)|(?<=[eEpP])[+-])*)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<mark>->\*?|::|\[\[|<<=|>>=|<=>|&&|\|\||[+\-*/%^&|=<>!]=|\+\+|--|\.\.\.|.)
    """,
    re.X | re.S,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M | re.S)


def without_directives(text):
    """Preprocessor lines made blank; the count of lines stays."""
    return DIRECTIVE.sub(lambda m: "\n" * m[0].count("\n"), text)


def tokens(text):
    text = without_directives(text)
    found, line = [], 1
    for match in PATTERN.finditer(text):
        kind, piece = match.lastgroup, match[0]
        if kind == "delimiter":
            kind = "raw"
        if kind in ("raw", "string"):
            found.append(Token('""', line))
        elif kind == "char":
            found.append(Token("''", line))
        elif kind == "mark" and piece == "[[":
            found += [Token("[", line), Token("[", line)]
        elif kind not in ("space", "comment"):
            found.append(Token(piece, line))
        line += piece.count("\n")
    return found
