"""How things are said on the wire: server-sent events, and one folder a protocol.

Pure: bytes and text in, values out. Not here: sockets (client/, sandbox/).
"""
