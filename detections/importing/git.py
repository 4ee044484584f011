"""Clones: a repository's newest commit in a folder, with nothing but the files that can be rules.

Git runs without a terminal, with one protocol, without hooks, filters, links and submodules, and is ended when nothing
arrives. What opens a private repository is handed over in the environment and is in no command, file or message.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.validators import slug_re

from detections.documents.problem import Problem, UnreadableError
from detections.importing.git_answers import explained, without_secrets
from detections.importing.repository import Repository, authorization, repository_of
from detections.models import Source

SILENCE_SECONDS = 30  # git is ended when nothing arrives for so long
FETCH_SECONDS = 30 * 60  # one step of git, whatever arrives
TICK_SECONDS = 2
PACKS = 60  # every fetch leaves a file or two; a clone with more of them is made anew

Hear = Callable[[int], None]

# Of git's own variables only those of keys, certificates and the machine's configuration reach it; of ours none.
_LEFT_OUT = re.compile(r"GIT_(?!SSH_|SSL_CA|PROXY_SSL|CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)$)|FIELDGUIDE_|SSH_ASKPASS")
_CONFIGURATION = (
    ("core.hooksPath", os.devnull),
    ("core.attributesFile", os.devnull),
    ("core.symlinks", "false"),  # a link arrives as a file that holds its target, so none leads out
    ("core.fsmonitor", "false"),
    ("core.autocrlf", "false"),
    ("core.logAllRefUpdates", "false"),
    ("core.sparseCheckout", "true"),
    ("core.sparseCheckoutCone", "false"),
    ("credential.helper", ""),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("transfer.bundleURI", "false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("http.lowSpeedLimit", "1"),  # a git that lost its parent ends, too
    ("http.lowSpeedTime", str(SILENCE_SECONDS)),
)
_NO_FILTERS = "* !filter !ident !working-tree-encoding -text\n"  # files arrive byte for byte; nothing is run on them


def fetch(source: Source, hear: Hear = lambda arrived: None) -> Path:
    """The folder of a source's clone, brought to the newest commit of its branch. Raises `UnreadableError`.

    `hear` is told every few seconds how many bytes have arrived; what it raises ends the fetch.
    """
    if not slug_re.fullmatch(source.slug):
        raise UnreadableError(Problem(f"The slug {source.slug!r} cannot name a folder."))
    return bring(repository_of(source), clones_folder() / source.slug, hear)


def clones_folder() -> Path:
    """Where the clones of all sources are."""
    return Path(settings.DATA_DIR).resolve() / "checkouts"


def bring(repository: Repository, folder: Path, hear: Hear = lambda arrived: None) -> Path:
    """`folder` as a clone of the repository at its newest commit. Raises `UnreadableError`.

    A clone of another address, a broken one and what is none are replaced, once the new one stands beside them.
    """
    try:
        with _alone(folder) as lock:
            newest = ask(repository)
            clone = _Clone(repository, folder, lock, hear)
            if clone.is_sound():
                if clone.commit() == newest:
                    with suppress(_GitError):
                        return clone.check_out(newest)
                else:
                    with suppress(_GitError):
                        return clone.update()
            return _made_anew(clone)
    except _GitError as error:
        raise UnreadableError(Problem(f"The repository cannot be fetched. {error}", repository.url)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableError(Problem(f"The folder of the clone cannot be written: {reason}.", str(folder))) from error


def ask(repository: Repository, seconds: float = SILENCE_SECONDS) -> str:
    """The newest commit of the repository's branch. Raises `UnreadableError` when nobody answers in time."""
    try:
        said = _run(["ls-remote", "--", repository.url, repository.ref], repository, seconds=seconds)
    except _GitError as error:
        raise UnreadableError(Problem(f"The repository cannot be fetched. {error}", repository.url)) from error
    refs = dict(reversed(line.split("\t", 1)) for line in said.splitlines() if "\t" in line)
    if repository.ref not in refs:
        missing = f"It has no branch {repository.branch!r}." if repository.branch else "It is empty."
        raise UnreadableError(Problem(f"The repository answers. {missing}", repository.url))
    return refs[repository.ref]


@dataclass(frozen=True, slots=True)
class _Clone:
    repository: Repository
    folder: Path
    lock: int
    hear: Hear

    def is_sound(self) -> bool:
        """Whether the folder holds a clone of this address that may be brought forward."""
        if self.folder.is_symlink() or not (self.folder / ".git" / "HEAD").is_file():
            return False
        try:
            url = self._git("config", "--local", "--get", "remote.origin.url").strip()
        except _GitError:
            return False
        packs = list((self.folder / ".git" / "objects" / "pack").glob("*.pack"))
        return url == self.repository.url and len(packs) <= PACKS

    def commit(self) -> str:
        try:
            return self._git("rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip()
        except _GitError:
            return ""

    def begin(self) -> None:
        """An empty repository in place of whatever is there."""
        _remove(self.folder)
        self.folder.mkdir(parents=True)
        _run(["init", "--quiet", "--template=", str(self.folder)], self.repository, lock=self.lock)
        self._git("config", "remote.origin.url", self.repository.url)

    def update(self) -> Path:
        """The branch's newest commit alone; its files come when they are checked out."""
        words = ("--progress", "--depth=1", "--filter=blob:none", "--no-tags", "--no-recurse-submodules")
        self._git("fetch", *words, "origin", self.repository.ref)
        return self.check_out(self._git("rev-parse", "--verify", "FETCH_HEAD^{commit}").strip())

    def check_out(self, commit: str) -> Path:
        """Exactly the commit's files, as far as they can be rules."""
        info = self.folder / ".git" / "info"
        info.mkdir(exist_ok=True)
        (info / "attributes").write_text(_NO_FILTERS)
        (info / "sparse-checkout").write_text("".join(f"{pattern}\n" for pattern in self.repository.patterns))
        self._git("checkout", "--progress", "--force", "--detach", commit)
        self._git("clean", "--quiet", "-ffdx")
        return self.folder

    def _git(self, *words: str) -> str:
        return _run(list(words), self.repository, folder=self.folder, lock=self.lock, hear=self.hear)


def _made_anew(clone: _Clone) -> Path:
    folder = clone.folder
    anew = _Clone(clone.repository, folder.with_name(f".{folder.name}.new"), clone.lock, clone.hear)
    try:
        anew.begin()
        anew.update()
    except BaseException:
        _remove(anew.folder)
        raise
    old = folder.with_name(f".{folder.name}.old")
    _remove(old)
    if folder.exists() or folder.is_symlink():
        folder.rename(old)
    anew.folder.rename(folder)
    _remove(old)
    return folder


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """One fetch for a folder at a time. The lock is git's, too: it holds as long as a git that lost its parent."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder.with_name(f".{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise UnreadableError(
            Problem("Another process is fetching into this folder. Try later.", str(folder))
        ) from error
    try:
        yield lock
    finally:
        os.close(lock)


class _GitError(Exception):
    """Git did not do it. The message says why, for people, and holds no secret."""


def _run(
    words: list[str],
    repository: Repository,
    *,
    folder: Path | None = None,
    lock: int | None = None,
    hear: Hear = lambda arrived: None,
    seconds: float = FETCH_SECONDS,
) -> str:
    """What one git command prints. Raises `_GitError`. Ended after `seconds`, or when nothing arrives."""
    header = authorization(repository.url)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told:
        try:
            process = subprocess.Popen(
                ["git", *words],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=told,
                cwd="/",  # not in a repository whose configuration would be read
                env=_environment(repository, header, folder),
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
            )
        except FileNotFoundError as error:
            raise _GitError("git is not installed. Install it.") from error
        try:
            late = _watch(process, folder, told.fileno(), hear, seconds)
        finally:
            _end(process)
        if late or process.returncode:
            raise _GitError(late or explained(without_secrets(_tail(told.fileno()), header)))
        out.seek(0)
        return out.read().decode(errors="replace")


def _watch(process: subprocess.Popen[bytes], folder: Path | None, told: int, hear: Hear, seconds: float) -> str:
    """Wait for the end. Returns why it is not waited for any longer, "" when the process has ended."""
    begun = last = time.monotonic()
    seen = 0
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, min(TICK_SECONDS, begun + seconds - time.monotonic())))
            return ""
        arrived, now = _arrived(folder), time.monotonic()
        hear(arrived)
        progress = arrived + os.fstat(told).st_size
        if progress != seen:
            seen, last = progress, now
        if now - last > SILENCE_SECONDS:
            return f"Nothing arrived for {SILENCE_SECONDS} seconds, so it was given up. Try again later."
        if now - begun >= seconds:
            return f"It took longer than {seconds:.0f} seconds, so it was given up. Try again later."


def _arrived(folder: Path | None) -> int:
    """The bytes of the packs that the folder's clone holds or is being sent."""
    if folder is None:
        return 0
    total = 0
    for pack in (folder / ".git" / "objects" / "pack").glob("*"):
        with suppress(OSError):  # a pack that is being sent is renamed at its end
            total += pack.stat().st_size
    return total


def _end(process: subprocess.Popen[bytes]) -> None:
    """End git and whatever it began; it is given a moment to take its unfinished files away."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)


def _tail(file: int) -> str:
    size = os.fstat(file).st_size
    return os.pread(file, 8192, max(0, size - 8192)).decode(errors="replace")


def _environment(repository: Repository, header: str, folder: Path | None) -> dict[str, str]:
    """The machine's environment without what would lead git elsewhere, and with what holds it to its task."""
    env = {name: value for name, value in os.environ.items() if not _LEFT_OUT.match(name)}
    ssh = os.environ.get("GIT_SSH_COMMAND", "ssh")
    patience = "-oConnectTimeout=15 -oServerAliveInterval=10 -oServerAliveCountMax=3"
    env |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "GIT_ALLOW_PROTOCOL": repository.protocol,
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": f"{ssh} -oBatchMode=yes {patience}",
    }
    if folder is not None:
        env |= {"GIT_DIR": str(folder / ".git"), "GIT_WORK_TREE": str(folder)}
    settings_ = [*_CONFIGURATION, ("http.followRedirects", "false" if header else "initial")]
    if header:
        parts = urlsplit(repository.url)
        settings_.append((f"http.{parts.scheme}://{parts.netloc}/.extraHeader", header))
    for number, (key, value) in enumerate(settings_):
        env |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return env | {"GIT_CONFIG_COUNT": str(len(settings_))}
