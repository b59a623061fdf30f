"""OpenStack Swift with its S3 interface, whole, in one process on free ports of the loopback interface.

Usage: swift-server.py DIRECTORY. Writes its address to standard output when it is ready, and ends when standard input
does. The access key is test:tester, the secret key testing. Objects are kept in memory, the rest below DIRECTORY.
"""

import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi
from eventlet.hubs import trampoline

ROOT = sys.argv[1]
SWIFT_CONF = os.path.join(ROOT, "swift.conf")
with open(SWIFT_CONF, "w") as file:
    file.write("[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = default\ndefault = yes\n")

from swift.common import storage_policy, utils

# Not the machine's own, which may belong to another Swift.
utils.SWIFT_CONF_FILE = storage_policy.SWIFT_CONF_FILE = SWIFT_CONF
storage_policy.reload_storage_policies()

from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

BACKENDS = {"account": "account", "container": "container", "object": "mem_object"}
COMMON = f"""[DEFAULT]
swift_dir = {ROOT}
devices = {ROOT}/devices
mount_check = false
fallocate_reserve = 0
log_level = ERROR
"""
BACKEND = """[pipeline:main]
pipeline = app
[app:app]
use = egg:swift#{}
"""
PROXY = """[pipeline:main]
pipeline = catch_errors s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
"""


class Cache:
    """What memcached would keep: without it each request asks for account and bucket again."""

    def __init__(self):
        self.values = {}

    def get(self, key, *_, **__):
        return self.values.get(key)

    def set(self, key, value, *_, **__):
        self.values[key] = value

    def delete(self, key, *_, **__):
        self.values.pop(key, None)

    def incr(self, key, delta=1, *_, **__):
        self.values[key] = self.values.get(key, 0) + delta
        return self.values[key]


def with_cache(app):
    cache = Cache()

    def application(environment, start_response):
        environment["swift.cache"] = cache
        return app(environment, start_response)

    return application


def serve(name, text, sock, wrap=lambda app: app):
    path = os.path.join(ROOT, f"{name}.conf")
    with open(path, "w") as file:
        file.write(COMMON + text)
    eventlet.spawn(wsgi.server, sock, wrap(loadapp(path)), log_output=False)


def save_ring(name, port):
    builder = RingBuilder(1, 1, 0)
    place = {"ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port}
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "device": "d", "meta": "", **place})
    builder.rebalance()
    builder.get_ring().save(os.path.join(ROOT, f"{name}.ring.gz"))


os.makedirs(os.path.join(ROOT, "devices", "d"))
sockets = {name: eventlet.listen(("127.0.0.1", 0)) for name in [*BACKENDS, "proxy"]}
for name, app in BACKENDS.items():
    save_ring(name, sockets[name].getsockname()[1])
    serve(name, BACKEND.format(app), sockets[name])
serve("proxy", PROXY, sockets["proxy"], with_cache)
print(f"http://127.0.0.1:{sockets['proxy'].getsockname()[1]}", flush=True)

# Whoever started it may be killed: then nobody is left to end it.
while True:
    trampoline(0, read=True)
    if os.read(0, 4096) == b"":
        os._exit(0)
