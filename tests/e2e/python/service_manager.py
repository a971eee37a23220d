"""A service manager of one service, for tests: opens its listening sockets, starts it with them, hears its notifications.

    service_manager.py SPECIFICATION

SPECIFICATION is JSON: {"command": [..], "environment": {..}, "sockets": [{"name": "public", "port": 0} or {"name": .., "path": ..}],
"abstract": bool, "watchdog_us": number or null}. Lines of JSON on standard output tell what happens:
{"listening": [..]}, {"started": PID}, {"notified": "..."}, {"ended": {"code": .., "signal": ..}}. Lines on standard input are commands:
`start`, `signal NAME`, `quit`. The service's own output goes to standard error.
"""

import json
import os
import secrets
import selectors
import signal
import socket
import sys
import tempfile
import time

specification = json.loads(sys.argv[1])


def tell(**what):
    print(json.dumps(what), flush=True)


def listening(entry):
    if "path" in entry:
        opened = socket.socket(socket.AF_UNIX)
        opened.bind(entry["path"])
    else:
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("127.0.0.1", entry["port"]))
    opened.listen(4096)
    return opened


sockets = [listening(entry) for entry in specification["sockets"]]
directory = tempfile.TemporaryDirectory()
name = f"@chat-gateway-{secrets.token_hex(8)}" if specification.get("abstract") else f"{directory.name}/notify"
notifications = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notifications.bind("\0" + name[1:] if name.startswith("@") else name)
tell(listening=[s.getsockname() if s.family == socket.AF_UNIX else s.getsockname()[1] for s in sockets])


def start():
    pid = os.fork()
    if pid != 0:
        tell(started=pid)
        return pid
    try:
        # Duplicates high up first: one may lie where another is to go.
        high = [os.dup(s.fileno()) for s in sockets]
        for n, fd in enumerate(high):
            os.dup2(fd, 100 + n)
        for n in range(len(high)):
            os.dup2(100 + n, 3 + n, inheritable=True)
        os.closerange(3 + len(high), 200)
        os.dup2(2, 1)
        environment = dict(specification["environment"], NOTIFY_SOCKET=name)
        if sockets:
            environment["LISTEN_PID"] = str(os.getpid())
            environment["LISTEN_FDS"] = str(len(sockets))
            environment["LISTEN_FDNAMES"] = ":".join(entry["name"] for entry in specification["sockets"])
        if specification.get("watchdog_us"):
            environment["WATCHDOG_USEC"] = str(specification["watchdog_us"])
            environment["WATCHDOG_PID"] = str(os.getpid())
        os.execve(specification["command"][0], specification["command"], environment)
    except BaseException as failure:  # noqa: BLE001 - the child must not go on as a second manager
        os.write(2, f"cannot start: {failure}\n".encode())
        os._exit(127)


service = None
wait = selectors.DefaultSelector()
wait.register(notifications, selectors.EVENT_READ)
os.set_blocking(0, False)
wait.register(0, selectors.EVENT_READ)
commands = b""
going = True
while going:
    for key, _ in wait.select(0.02):
        if key.fd == notifications.fileno():
            tell(notified=notifications.recv(4096).decode(), at=time.monotonic())
            continue
        data = os.read(0, 4096)
        if not data:
            going = False
        commands += data
    while b"\n" in commands:
        line, commands = commands.split(b"\n", 1)
        word, _, argument = line.decode().partition(" ")
        if word == "start":
            service = start()
        elif word == "signal" and service:
            os.kill(service, getattr(signal, argument))
        elif word == "quit":
            going = False
    if service:
        pid, status = os.waitpid(service, os.WNOHANG)
        if pid:
            service = None
            code = os.waitstatus_to_exitcode(status)
            tell(ended={"code": code if code >= 0 else None, "signal": -code if code < 0 else None})
if service:
    os.kill(service, signal.SIGKILL)
    os.waitpid(service, 0)
