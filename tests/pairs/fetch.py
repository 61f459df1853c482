import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as server:
    server.sendall(b"GET /in1 HTTP/1.0\r\n\r\n")
    reply = b""
    while part := server.recv(4096):
        reply += part
with open("body", "wb") as out:
    out.write(reply.split(b"\r\n\r\n", 1)[1])
