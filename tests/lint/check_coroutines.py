"""coroutines: no brace-built temporary and no lambda that captures by value beside a co_await.

g++ 12 destroys such a temporary twice (docs/lessons/co-await-temporaries.md). Name it first, then
move it in. The lint does not know types, so it also refuses harmless ones (`f(digest{})`): naming
them costs a line. What is fine: a named variable's own braces (`task t{co_await f()};`), braces on the
far side of a statement or a block, a lambda that captures nothing, references or `this` only.
"""

from cpp_tokens import tokens
from project import Finding, read, sources

OPENERS = {"(": ")", "[": "]", "{": "}"}
BLOCK_BEFORE = {")", ";", "{", "}", "else", "do", "try", "const", "noexcept", "override", "final", "mutable", ":"}
BLOCK_STARTS = {"struct", "class", "union", "enum", "namespace", "extern", "requires"}


class Statement:
    """One full expression (or what looks like one), without the bodies of lambdas inside it."""

    def __init__(self):
        self.tokens = []
        self.suspends = False
        self.temporaries = []  # (line, what)

    def findings(self):
        return self.temporaries if self.suspends else []


def captures_by_value(inside):
    """Whether a lambda's capture list copies or moves anything into the lambda."""
    part, depth, parts = [], 0, []
    for token in inside:
        depth += token.text in OPENERS
        depth -= token.text in OPENERS.values()
        if token.text == "," and depth == 0:
            parts.append(part)
            part = []
        else:
            part.append(token.text)
    parts.append(part)
    return any(p and p[0] != "&" and p != ["this"] for p in parts)


def is_attribute(all_tokens, at):
    return at + 1 < len(all_tokens) and all_tokens[at + 1].text == "["


def starts_lambda(statement, all_tokens, at):
    """A '[' that does not follow a value is a capture list (or an attribute)."""
    if is_attribute(all_tokens, at) or (statement.tokens and statement.tokens[-1].text == "["):
        return False
    if not statement.tokens:
        return True
    before = statement.tokens[-1].text
    if before in ("return", "co_return", "co_await", "co_yield"):
        return True
    is_value = before in (")", "]", "}", '""') or before[0].isalnum() or before[0] == "_"
    return not is_value


def names_a_variable(texts):
    """`type name` stands before the brace: its braces build that variable, not a temporary."""
    if len(texts) < 2 or not (texts[-1][0].isalpha() or texts[-1][0] == "_"):
        return False
    before = texts[-2]
    if before in ("return", "co_return", "co_await", "co_yield", "throw", "new", "else", "::"):
        return False
    return before[0].isalnum() or before[0] == "_" or before in (">", "&", "*", "&&")


class Reader:
    def __init__(self, text):
        self.all = tokens(text)
        self.at = 0
        self.found = []

    def finish(self, statement):
        self.found += statement.findings()
        return Statement()

    def block(self, stop="}"):
        """Statements up to the closing brace, which is taken."""
        statement = Statement()
        while self.at < len(self.all):
            text = self.all[self.at].text
            if text == stop:
                self.at += 1
                break
            if text == ";":
                self.at += 1
                statement = self.finish(statement)
            elif text == "{" and self.opens_block(statement):
                self.at += 1
                statement = self.finish(statement)
                self.block()
            else:
                self.piece(statement)
        self.finish(statement)

    def opens_block(self, statement):
        texts = [t.text for t in statement.tokens]
        if not texts or texts[-1] in BLOCK_BEFORE or texts[0] in BLOCK_STARTS:
            return True
        if "template" in texts[:1] and BLOCK_STARTS & set(texts):
            return True
        for index in range(1, len(texts)):  # a trailing return type, not a pointer's member
            if texts[index] == "->" and texts[index - 1] in (")", "const", "noexcept", "mutable"):
                return "=" not in texts[:index] and texts[0] not in ("return", "co_return")
        return False

    def piece(self, statement):
        """One token, or a whole bracketed group, of a statement."""
        token = self.all[self.at]
        if token.text == "[" and starts_lambda(statement, self.all, self.at):
            self.lambda_(statement)
        elif token.text in ("(", "["):
            statement.tokens.append(token)
            self.at += 1
            self.group(statement, OPENERS[token.text])
        elif token.text == "{":
            if not names_a_variable([t.text for t in statement.tokens]):
                statement.temporaries.append((token.line, "a temporary built with braces"))
            statement.tokens.append(token)
            self.at += 1
            self.group(statement, "}")
        else:
            statement.suspends |= token.text == "co_await"
            statement.tokens.append(token)
            self.at += 1

    def group(self, statement, stop):
        """Inside (), [] or the braces of an initialiser. `for (a; b; c)` holds three full expressions."""
        outer, inner = statement, statement
        while self.at < len(self.all):
            token = self.all[self.at]
            if token.text == stop:
                outer.tokens.append(token)
                self.at += 1
                break
            if token.text == ";":
                self.at += 1
                inner = Statement() if inner is outer else self.finish(inner)
            else:
                self.piece(inner)
        if inner is not outer:
            self.finish(inner)

    def lambda_(self, statement):
        line = self.all[self.at].line
        self.at += 1
        start, depth = self.at, 1
        while self.at < len(self.all) and depth:
            depth += self.all[self.at].text == "["
            depth -= self.all[self.at].text == "]"
            self.at += 1
        if captures_by_value(self.all[start : self.at - 1]):
            statement.temporaries.append((line, "a lambda that captures by value"))
        head = Statement()  # parameters and return type suspend nothing
        while self.at < len(self.all) and self.all[self.at].text not in ("{", ";", ",", "}"):
            token = self.all[self.at]
            self.at += 1
            if token.text in ("(", "["):
                self.group(head, OPENERS[token.text])
            elif token.text == ")":
                self.at -= 1
                break
        if self.at < len(self.all) and self.all[self.at].text == "{":
            line = self.all[self.at].line
            self.at += 1
            self.block()
            statement.tokens.append(self.all[self.at - 1]._replace(text="}", line=line))


def findings_in(text):
    """(line, what) of each temporary that shares a full expression with a co_await."""
    if "co_await" not in text:
        return []
    reader = Reader(text)
    while reader.at < len(reader.all):
        reader.block()
    return sorted(set(reader.found))


def check(root):
    for path in sources(root):
        for line, what in findings_in(read(root, path)):
            yield Finding(path, line, f"{what} in a statement with co_await: name it first, then std::move it")
