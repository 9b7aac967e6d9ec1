"""The real slice behind a larder, for the tests that need both."""

import os

from support.apt import native_arch
from support.larder import archive_table


def larder_with_slice(env, upstream=None, **settings):
    """(slice, upstream, larder): each archive of the slice under its last path part, and by an alias."""
    piece = env.slice()
    upstream = upstream or env.nginx(piece.tree)
    tables = []
    for archive in piece.archives:
        suites = [s for a, s, _ in piece.suites if a == archive]
        tables.append(archive_table(os.path.basename(archive), f"{upstream.url}/{archive}", piece.keyring, suites,
                                    aliases=[f"http://archive.example/{archive}"], refresh="1h"))
    return piece, upstream, env.larder(*tables, **settings)


def path_sources(piece, url, kinds=("deb",)):
    """Sources lines that name the larder itself."""
    return [f"{kind} KEY {url}/{os.path.basename(a)} {s} {' '.join(c)}" for kind in kinds for a, s, c in piece.suites]


def proxy_sources(piece, kinds=("deb",)):
    """Sources lines as a client without a larder has them."""
    return [f"{kind} KEY http://archive.example/{a} {s} {' '.join(c)}" for kind in kinds for a, s, c in piece.suites]


def slice_apt(env, piece, sources, **more):
    return env.apt(sources, piece.keyring, arch=native_arch(), **more)
