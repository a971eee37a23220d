"""python-socketio as a client, driven by lines of JSON.

    client.py asyncio|threads

Each line of stdin is a command {"id": n, "do": name, ...}; each line of stdout is an answer {"answer": n, "value": v} or
{"answer": n, "error": text}, or something that happened: {"event": name, "value": v}. Bytes are told as
{"bytes": length, "sha256": hex}. Ends when stdin does.
"""
import asyncio
import hashlib
import inspect
import json
import os
import sys
import threading

import engineio
import socketio

# By default the package takes no more than 16 packets of one polling answer, and leaves a server that has more to say.
engineio.payload.Payload.max_decode_packets = 100_000

PATIENCE_S = 30
RECONNECTION = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.5, "randomization_factor": 0}

output = threading.Lock()


def as_json(value):
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    raise TypeError(f"{type(value)} is neither JSON nor bytes")


def tell(**line):
    text = json.dumps(line, default=as_json)
    with output:
        print(text, flush=True)


class Commands:
    """What both kinds of client are called the same for; of the asyncio one every method returns an awaitable."""

    def __init__(self, client):
        self.client = client
        for event in ("connect", "connect_error", "disconnect", "serverMessage"):
            client.on(event, self.teller(event))

    def teller(self, event):
        # A server that keeps packets for recovery adds its offset as a last argument; newer versions tell a reason of the end.
        return lambda *args: tell(event=event, value=args[0] if args else None)

    def connect(self, url, cookie, transports):
        # A function, because the client takes the cookie out of a dictionary that it then uses again.
        headers = {"Cookie": cookie} if cookie else {}
        return self.client.connect(url, headers=lambda: dict(headers), transports=transports, socketio_path="ws",
                                   wait_timeout=PATIENCE_S)

    def call(self, event, data):
        return self.client.call(event, data, timeout=PATIENCE_S)

    def send_bytes(self, event, key, size):
        return self.client.call(event, {key: bytes(size)}, timeout=PATIENCE_S)

    def transport(self):
        # A property of the asyncio client in some versions, a method in others.
        transport = self.client.transport
        return transport() if callable(transport) else transport

    def disconnect(self):
        return self.client.disconnect()


def parsed(line):
    command = json.loads(line)
    return command.pop("id"), command.pop("do"), command


async def serve_asyncio():
    commands = Commands(socketio.AsyncClient(handle_sigint=False, **RECONNECTION))
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        number, name, arguments = parsed(line)
        try:
            value = getattr(commands, name)(**arguments)
            tell(answer=number, value=await value if inspect.isawaitable(value) else value)
        except socketio.exceptions.SocketIOError as error:
            tell(answer=number, error=str(error))


def serve_threads():
    commands = Commands(socketio.Client(handle_sigint=False, **RECONNECTION))
    for line in sys.stdin:
        number, name, arguments = parsed(line)
        try:
            tell(answer=number, value=getattr(commands, name)(**arguments))
        except socketio.exceptions.SocketIOError as error:
            tell(answer=number, error=str(error))


if __name__ == "__main__":
    if sys.argv[1] == "asyncio":
        asyncio.run(serve_asyncio())
    else:
        serve_threads()
    os._exit(0)  # threads of a connection that is still open would keep the process
