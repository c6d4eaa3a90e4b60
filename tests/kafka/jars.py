"""Apache Kafka's own jars: fetched once by Maven into the user's cache, whoever asks first."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
JAVA = 17
"""Oldest Java that Kafka 4 runs on."""
FETCH_S = 600
"""Longest wait for Maven: a first fetch takes a minute on a slow line."""
TOOL_S = 60
"""Longest run of one of Kafka's tools; they start in a second."""
VERSION = re.findall(r"<version>([\d.]+)</version>", POM.read_text(encoding="utf-8"))[1]
"""Kafka's version; the first in the file is the file's own."""


class NoKafka(Exception):
    """There is no broker to be had; its text says why and what to do."""


def _cache() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
    return (Path(root) if root else Path.home() / ".cache") / "livechat-engine" / f"kafka-{VERSION}-{digest}"


@cache
def class_path() -> str:
    """Java's class path of the broker and its tools. Fetches the jars where they are not there yet. Raises `NoKafka`."""
    _check_java()
    folder = _cache()
    if not folder.is_dir():
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with folder.with_suffix(".lock").open("w") as lock:  # of several processes one fetches, the others wait
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not folder.is_dir():
                    _fetch(folder)
        except OSError as error:
            raise NoKafka(f"the jars could not be kept in {folder}: {error}") from None
    return f"{folder}/*"


def tool(main: str, *args: str, stdin: bytes = b"") -> str:
    """Runs one of Kafka's own command line tools; what it printed. Raises CalledProcessError with that, and `NoKafka`."""
    flags = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error")
    done = subprocess.run(
        ["java", *flags, "-cp", class_path(), main, *args],
        input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=TOOL_S,
    )  # fmt: skip
    said = done.stdout.decode()
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, main, said)
    return said


def _check_java() -> None:
    if shutil.which("java") is None:
        raise NoKafka(f"there is no `java`: install a Java {JAVA} runtime, or name a broker in KAFKA_BOOTSTRAP")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < JAVA:
        line = said.splitlines()[0] if said else "nothing"
        raise NoKafka(f"`java -version` says {line}: Kafka needs Java {JAVA}, or name a broker in KAFKA_BOOTSTRAP")


def _fetch(folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise NoKafka("there is no `mvn` to fetch Kafka with: install Maven, or name a broker in KAFKA_BOOTSTRAP")
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        libs = Path(made) / "libs"
        command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", f"-DoutputDirectory={libs}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_S)
        except subprocess.TimeoutExpired:
            raise NoKafka(f"Maven did not fetch Kafka within {FETCH_S} s") from None
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
            raise NoKafka(f"Maven could not fetch Kafka: {errors[0] if errors else done.stdout[-300:]}")
        libs.rename(folder)
