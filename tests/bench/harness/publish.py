"""Puts a measured table into the page that shows it, between the two marks."""

from .places import Broken

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def into(page, text):
    old = page.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise Broken(f"{page} has no place for the table")
    before, rest = old.split(BEGIN)
    page.write_text(before + BEGIN + text + END + rest.split(END)[1])
