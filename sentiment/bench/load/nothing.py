"""A server that only answers, on both ports: with it, the limit of the load itself is measured.

`python -m sentiment.bench.load.nothing` prints its two addresses as JSON and ends with its stdin.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading

from sentiment.bench.load.load import PREDICT

ANSWER = b'{"predictions": []}'
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
_LENGTH = b"content-length:"


async def answer_rest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request of one HTTP connection."""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in head.split(b"\r\n") if line.startswith(_LENGTH))
            await reader.readexactly(int(length[len(_LENGTH) :]))
            writer.write(RESPONSE)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    """Serves until stdin ends."""
    import grpc.aio

    async def answer_grpc(request: bytes, context: object) -> bytes:
        return ANSWER

    service, method = PREDICT.strip("/").split("/")
    handler = grpc.unary_unary_rpc_method_handler(answer_grpc)
    grpc_server = grpc.aio.server()
    grpc_server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
    grpc_port = grpc_server.add_insecure_port("127.0.0.1:0")
    await grpc_server.start()
    rest_server = await asyncio.start_server(answer_rest, "127.0.0.1", 0)
    rest_port = rest_server.sockets[0].getsockname()[1]
    print(json.dumps({"grpc": f"127.0.0.1:{grpc_port}", "rest": f"http://127.0.0.1:{rest_port}"}), flush=True)
    ended, loop = asyncio.Event(), asyncio.get_running_loop()

    def until_told() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=until_told, daemon=True).start()
    await ended.wait()
    rest_server.close()
    await grpc_server.stop(None)


if __name__ == "__main__":
    asyncio.run(serve())
