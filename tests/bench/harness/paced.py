"""paced.py PORT FOLDER BYTES_PER_SECOND: an upstream behind a link of that speed.

The kernel paces each connection (SO_MAX_PACING_RATE), evenly and without a process that sleeps
between pieces. nginx's limit_rate would not do: it counts in whole seconds, so the first second's
worth of a file comes at once.
"""

import os
import socket
import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

SO_MAX_PACING_RATE = 47  # asm-generic/socket.h; Python has no name for it


class Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rate = 0

    def setup(self):
        self.request.setsockopt(socket.SOL_SOCKET, SO_MAX_PACING_RATE, self.rate)
        super().setup()

    def copyfile(self, source, outputfile):
        outputfile.flush()
        size, offset = os.fstat(source.fileno()).st_size, 0
        while offset < size:
            offset += os.sendfile(self.connection.fileno(), source.fileno(), offset, size - offset)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port, folder, Handler.rate = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.chdir(folder)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
