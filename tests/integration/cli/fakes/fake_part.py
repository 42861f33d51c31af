"""Stands in for one of our processes: `python -m fake_part serve|stubborn|parent|die|slow`."""

import http.server
import os
import signal
import subprocess
import sys
import time


class Live(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        pass


def serve() -> None:
    http.server.HTTPServer(("127.0.0.1", int(os.environ["FUDAO_API_PORT"])), Live).serve_forever()


mode = sys.argv[1]
if mode == "die":
    sys.exit("last words of a part that cannot start")
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "parent":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
if mode in ("serve", "slow"):
    time.sleep(30 if mode == "slow" else 0)
    serve()
time.sleep(1000)
