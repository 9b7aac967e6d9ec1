"""Larder and its peers, each as an instance of its own with its own folders, on loopback."""

import getpass
import os
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .places import CORES, LARDER, ROOT, Broken, folder, free_port
from .process import Server

NGINX = """
worker_processes {workers};
worker_rlimit_nofile 16384;
daemon off;
pid {dir}/pid;
error_log {dir}/error.log;
{user}
events {{ worker_connections 8192; }}
http {{
    access_log {access};
    sendfile on;
    tcp_nopush on;
    open_file_cache max=10000 inactive=1h;
    open_file_cache_valid 1h;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    types {{ application/vnd.debian.binary-package deb; }}
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    server {{ listen 127.0.0.1:{port} reuseport; root {root}; }}
}}
"""

SQUID = """
http_port 127.0.0.1:{port}
http_access allow all
workers {workers}
cache_mem 2048 MB
maximum_object_size 128 MB
maximum_object_size_in_memory 128 MB
memory_cache_mode always
refresh_pattern . 525600 100% 525600
access_log none
cache_store_log none
cache_log {dir}/cache.log
pid_filename {dir}/pid
coredump_dir {dir}
pinger_enable off
visible_hostname bench
shutdown_lifetime 0 seconds
"""

ACNG = """
CacheDir: {dir}/cache
LogDir: {dir}/log
Port: {port}
BindAddress: localhost
PidFile: {dir}/pid
ForeGround: 1
VerboseLog: 0
AllowUserPorts: 0
ReportPage: acng-report.html
SupportDir: /usr/lib/apt-cacher-ng
"""


def needed(program):
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        raise Broken(f"{program} is not installed: dev/install bench")
    return path


def fresh(*parts):
    path = folder(*parts)
    shutil.rmtree(path)
    return folder(*parts)


def nginx(root, name="nginx", access="off"):
    here = fresh("run", name)
    port = free_port()
    user = "user root;" if getpass.getuser() == "root" else ""
    (here / "conf").write_text(NGINX.format(dir=here, port=port, root=root, workers=CORES, access=access, user=user))
    return Server(name, [needed("nginx"), "-c", here / "conf", "-e", here / "error.log"], port, here / "out")


def squid():
    here = fresh("run", "squid")
    port = free_port()
    (here / "conf").write_text(SQUID.format(dir=here, port=port, workers=CORES))
    if os.geteuid() == 0:  # it gives up root by itself
        owner = pwd.getpwnam("proxy")
        os.chown(here, owner.pw_uid, owner.pw_gid)
    return Server("squid", [needed("squid"), "-n", "larderbench", "--foreground", "-f", here / "conf"], port, here / "out")


def apt_cacher_ng():
    here = fresh("run", "acng")
    for sub in ("cache", "log"):
        (here / sub).mkdir()
    port = free_port()
    (here / "acng.conf").write_text(ACNG.format(dir=here, port=port))
    return Server("apt-cacher-ng", [needed("apt-cacher-ng"), "-c", here], port, here / "out")


def paced_upstream(root, bytes_per_second):
    here = folder("run", "paced")
    port = free_port()
    script = Path(__file__).with_name("paced.py")
    return Server("paced upstream", [sys.executable, script, port, root, bytes_per_second], port, here / "out")


def archive_toml(name, upstream, suites, keyring):
    listed = ", ".join(f'"{s}"' for s in suites)
    return (f'[[archive]]\nname = "{name}"\nupstream = ["{upstream}"]\nkeyring = ["{keyring}"]\n'
            f'suites = [{listed}]\n')


def larder_config(archives, name="larder", store=None):
    """Writes a configuration with a store of its own; returns its path and the port it names."""
    here = fresh("run", name)
    port = free_port()
    text = (f'[server]\nlisten = ["127.0.0.1:{port}"]\nadmin_socket = "{here}/admin.sock"\n'
            f'[log]\ntarget = "stderr"\nlevel = "warn"\n'
            f'[store]\npath = "{store or here / "store"}"\nmax_cache_size = "100 GiB"\n'
            f'[upstream]\nprivate_networks = ["127.0.0.0/8"]\n')
    config = here / "larder.toml"
    config.write_text(text + "".join(archives))
    return config, port


def larder_binary():
    if not LARDER.exists():
        raise Broken(f"{LARDER} is not built: cmake --build --preset release")
    return LARDER


def fast_clock(speed):
    """The environment of a process whose wall clock runs so much faster: for what may happen once a second, done
    thousands of times."""
    library = folder("run") / "fast_clock.so"
    source = ROOT / "tests/support/fast_clock.c"
    subprocess.run([needed("cc"), "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return {**os.environ, "LD_PRELOAD": str(library),
            "FAST_CLOCK": f"{int(time.time())} {int(time.monotonic())} {speed}"}


def larder(archives, name="larder", store=None, environment=None):
    config, port = larder_config(archives, name, store)
    command = [larder_binary(), "serve", "--config", config]
    server = Server("larder", command, port, config.with_name("out"), ready="/healthz", environment=environment)
    server.config = config
    return server
