"""Count the predictions a second of `recurra serve`, and how long one takes.

    python benchmarks/serving.py RUN [--seconds 10] [--clients 1,8,32]

RUN is a model of texts; the server is a process of its own on this machine, and one text a request
is asked by wrk, which shares the processors with it (`apt-get install wrk`). Beside the times
stands the processor time that the server took a request: it depends less on what else runs.
"""

import argparse
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEXT = "WINNER!! Claim your prize now, call 09061701461 or text YES"
SCRIPT = f"""
wrk.method = "POST"
wrk.body = '{json.dumps({"texts": [TEXT]})}'
wrk.headers["Content-Type"] = "application/json"
"""
TICKS = 100  # of processor time a second, as Linux counts it


def started(run):
    """Start a server; give it, and its address."""
    command = [sys.executable, "-m", "recurra", "serve", f"model={run}", "--port", "0"]
    folder = Path(tempfile.mkdtemp())
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, stderr=log)  # noqa: S603 (our own command)
    place = None
    while place is None and server.poll() is None:
        time.sleep(0.1)
        said = (folder / "log").read_text()
        place = re.search(r'"at":"([^"]+)".*startup complete', said, re.S)
    if place is None:
        sys.exit((folder / "log").read_text())
    return server, place[1]


def processor_seconds(process):
    """Give the processor time that a process has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(server, place, clients, seconds):
    """Ask for some seconds with some clients at a time."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT)
        script.flush()
        before = processor_seconds(server)
        asked = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", script.name]
        command = [*asked, f"{place}/v1/models/model/predict"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        took = processor_seconds(server) - before
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    latency = dict(re.findall(r"^ +(\d+)% +(\S+)$", done.stdout, re.M))
    return {
        "clients": clients,
        "requests a second": round(requests / seconds),
        "p50": latency["50"],
        "p99": latency["99"],
        "refused": int((re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout) or [0, 0])[1]),
        "server's processor time a request": f"{took / requests * 1e6:.0f} us",
    }


def main():
    """Print a line for each number of clients."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--clients", default="1,8,32")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is needed: apt-get install wrk")
    server, place = started(given.run)
    try:
        measured(server, place, 8, 2)  # to warm up
        for clients in map(int, given.clients.split(",")):
            print(json.dumps(measured(server, place, clients, given.seconds)))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main()
