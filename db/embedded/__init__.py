"""A private, real MongoDB server of this machine, for those who run none.

It is a one-node replica set, because a standalone server loses acknowledged writes when it
crashes. It listens on the loopback only and asks for a password that only the owner of the data
folder can read. All processes that name the same folder share one server; the last one stops it.
"""

from db.embedded.binary import MongodBinary, find_mongod
from db.embedded.server import EmbeddedServer, embedded_server

__all__ = ["EmbeddedServer", "MongodBinary", "embedded_server", "find_mongod"]
