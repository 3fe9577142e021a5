"""What runs behind a Pod's address: names itself over TCP, UDP and SCTP, on IPv4 and IPv6.

usage: workload.py NAME PORT. TCP: "NAME PEER\n", then echoes lines. UDP: every datagram is answered by "NAME PEER".
"""

import asyncio
import contextlib
import socket
import sys


async def main(name, port):
    async def serve(reader, writer):
        writer.write(f"{name} {writer.get_extra_info('peername')[0]}\n".encode())
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        writer.close()

    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, peer):
            self.transport.sendto(f"{name} {peer[0]}".encode(), peer)

    loop = asyncio.get_running_loop()
    servers = []
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        tcp = socket.socket(family, socket.SOCK_STREAM)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        for each in (tcp, udp):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind((address, port))
        servers.append(await asyncio.start_server(serve, sock=tcp, backlog=1024))
        await loop.create_datagram_endpoint(Echo, sock=udp)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
