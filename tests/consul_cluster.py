"""A Consul datacenter of real agents: three servers and a client, each in a network namespace of its own, on one bridge.

Takes a Consul binary of 1.12 or later (CONSUL_BINARY=PATH), root and iproute2.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from .live_lab import QUIET, Running, inside, shell

CONSUL = os.environ.get("CONSUL_BINARY", "")
HOSTS = {"s1": "10.77.0.11", "s2": "10.77.0.12", "s3": "10.77.0.13", "c1": "10.77.0.21"}
SERVERS = [address for host, address in HOSTS.items() if host.startswith("s")]
NUMBERS = itertools.count()


def refusal():
    """Why there can be no cluster here; empty: there can."""
    if not CONSUL:
        return "no Consul binary is given: CONSUL_BINARY=/path/to/consul"
    return "" if shutil.which(CONSUL) else f"CONSUL_BINARY={CONSUL}: no such program"


class Cluster:
    """Runs from the constructor on until ``close``. ``secure``: gossip with a key, RPC with TLS and certificates of all."""

    def __init__(self, folder, *, secure):
        self.folder = folder
        self.tag = f"cc{os.getpid()}x{next(NUMBERS)}"
        self.agents, self.runs = [], []
        assert shell("ip", "netns", "add", self.tag).returncode == 0
        shell("ip", "-n", self.tag, "link", "add", "br0", "type", "bridge")
        shell("ip", "-n", self.tag, "link", "set", "br0", "up")
        key = self.consul("keygen") if secure else ""
        if secure:
            self.consul("tls", "ca", "create")
            for role in ("-server", "-client"):
                self.consul("tls", "cert", "create", role, "-dc", "dc1")
        for host in HOSTS:
            self.host(host)
        for host in HOSTS:
            self.start(host, self.safety("server" if host.startswith("s") else "client", key) if secure else {})

    def consul(self, *words):
        """A command of Consul's that needs no agent; what it says."""
        return subprocess.run([CONSUL, *words], cwd=self.folder, capture_output=True, text=True, check=True).stdout.strip()

    def namespace(self, host):
        return f"{self.tag}{host}"

    def host(self, host):
        """A namespace with one cable, eth0, to the bridge."""
        name = self.namespace(host)
        for words in (("netns", "add", name), ("-n", self.tag, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", name),
                      ("-n", self.tag, "link", "set", host, "master", "br0", "up"), ("-n", name, "link", "set", "lo", "up"),
                      ("-n", name, "address", "add", f"{HOSTS[host]}/24", "dev", "eth0"), ("-n", name, "link", "set", "eth0", "up")):
            done = shell("ip", *words)
            assert done.returncode == 0, (words, done.stderr)
        for setting in QUIET:
            shell("ip", "netns", "exec", name, "sysctl", "-qw", setting)

    def safety(self, role, key):
        """What Consul's security documents ask for, of gossip and RPC."""
        files = {"ca_file": "consul-agent-ca.pem", "cert_file": f"dc1-{role}-consul-0.pem", "key_file": f"dc1-{role}-consul-0-key.pem"}
        return {"encrypt": key, "tls": {
            "defaults": {"verify_incoming": True, "verify_outgoing": True, **{name: str(self.folder / file) for name, file in files.items()}},
            "internal_rpc": {"verify_server_hostname": True}}}

    def start(self, host, safety):
        """An agent; all else is as Consul has it by default."""
        settings = {"node_name": host, "data_dir": str(self.folder / host), "bind_addr": HOSTS[host], "disable_update_check": True,
                    "retry_join": SERVERS, "retry_interval": "1s", "performance": {"raft_multiplier": 1}, **safety}
        if host.startswith("s"):
            settings |= {"server": True, "bootstrap_expect": len(SERVERS)}
        file = self.folder / f"{host}.json"
        file.write_text(json.dumps(settings))
        with (self.folder / f"{host}.log").open("wb") as log:
            self.agents.append(subprocess.Popen(["ip", "netns", "exec", self.namespace(host), CONSUL, "agent", "-config-file", str(file)],
                                                stdout=log, stderr=log, env=os.environ | {"HOME": str(self.folder)}))

    def ask(self, method, path, body=None, host="c1"):
        """The API of an agent, from its own host: status and body."""
        with inside(self.namespace(host)):
            connection = http.client.HTTPConnection("127.0.0.1", 8500, timeout=10)
            try:
                connection.request(method, path, body)
                response = connection.getresponse()
                return response.status, response.read()
            except OSError as error:
                return 0, str(error).encode()
            finally:
                connection.close()

    def settled(self, seconds=60):
        """Wait until the client's RPC is answered and all are members; whether they are."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, body = self.ask("GET", "/v1/agent/members")
            alive = status == 200 and sum(one["Status"] == 1 for one in json.loads(body)) == len(HOSTS)
            if alive and self.ask("PUT", "/v1/kv/settled", b"1")[0] == 200:
                return True
            time.sleep(0.3)
        return False

    def live(self, host, *words):
        """The program's ``live`` on that host's eth0."""
        place = type("Place", (), {"name": self.namespace(host), "folder": self.folder, "runs": self.runs})
        run = Running(place, ["live", "-i", "eth0", *words], None, {})
        self.runs.append(run)
        return run

    def close(self):
        """End everything, and take it away."""
        for run in self.runs:
            run.kill()
        for agent in self.agents:
            agent.kill()
            agent.wait()
        for name in (*map(self.namespace, HOSTS), self.tag):
            shell("ip", "netns", "del", name)


def log(folder):
    """The end of what the agents said."""
    return "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in sorted(Path(folder).glob("*.log")))
