"""The load generator, larder_load, as a function."""

import json
import subprocess

from .places import Broken, tool


def command(address, paths, options):
    out = [tool("larder_load"), address, *paths]
    for name, value in options.items():
        out += [f"--{name}", str(value)]
    return out


def load(address, paths, **options):
    """Runs it to the end; its report as a dict. Any request that failed is the end of the line."""
    return result(start(address, paths, **options), address)


def start(address, paths, **options):
    return subprocess.Popen(command(address, paths, options), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def result(process, address):
    out, err = process.communicate()
    report = json.loads(out) if out.startswith("{") else {}
    if process.returncode or report.get("errors"):
        raise Broken(f"load on {address}: {report.get('first_error') or err.strip()}")
    return report
