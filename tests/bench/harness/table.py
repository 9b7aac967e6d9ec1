"""Rows of the result: on the terminal, as JSON, as Markdown."""

import json
from dataclasses import asdict, dataclass, field
from statistics import median

HEADINGS = ("what", "larder", "peer", "ratio", "goal", "met")


@dataclass
class Row:
    what: str
    larder: str = "-"
    peer: str = "-"
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None  # None: not measured, or there is no goal
    note: str = ""
    samples: dict = field(default_factory=dict)

    def cells(self):
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}"
        met = {True: "yes", False: "NO", None: "-"}[self.met]
        return (self.what, self.larder, self.peer, ratio, self.goal or "-", met)


def ratio_row(what, samples, show, limit, peer="nginx", more_is_better=False):
    """A row of medians: `samples` has the lists "larder" and `peer`; the ratio is larder / peer."""
    ours, theirs = median(samples["larder"]), median(samples[peer])
    ratio = ours / theirs
    goal, met = "", None
    if limit is not None:
        goal = f"{'≥' if more_is_better else '≤'} {limit:.2f}"
        met = ratio >= limit if more_is_better else ratio <= limit
    return Row(what, show(ours), f"{show(theirs)} ({peer})", ratio, goal, met, samples=samples)


def seconds(value):
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.1f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} µs"


def mebibytes(value):
    return f"{value / 1048576:.0f} MiB"


def per_second(value):
    return f"{value:,.0f}/s" if value >= 100 else f"{value:.1f}/s"


def plain(rows):
    lines = [HEADINGS] + [r.cells() for r in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]
    out = ["  ".join(c.ljust(w) for c, w in zip(line, widths)).rstrip() for line in lines]
    out.insert(1, "  ".join("-" * w for w in widths))
    return "\n".join(out + [f"{r.what}: {r.note}" for r in rows if r.note])


def markdown(rows, machine, form):
    out = [f"Measured on {machine['date']}: {machine['cores']} cores, {machine['cpu']}; {form}.", "",
           "| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    out += ["| " + " | ".join(r.cells()) + " |" for r in rows]
    notes = [f"- {r.what}: {r.note}" for r in rows if r.note]
    out += ["", *notes] if notes else []
    return "\n".join(out) + "\n"


def write_json(path, rows, machine, form):
    data = {"machine": machine, "form": form, "rows": [asdict(r) for r in rows]}
    path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")
