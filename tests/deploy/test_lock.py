"""The locks agree with pyproject.toml; SBOM and licence list agree with the lock."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME, EVERYTHING, BUILD = "requirements.lock", "requirements-dev.lock", "build.lock"
MACHINE = {
    "python_version": "3.11", "python_full_version": "3.11.7", "sys_platform": "linux", "platform_machine": "x86_64",
    "platform_system": "Linux", "os_name": "posix", "platform_python_implementation": "CPython",
    "implementation_name": "cpython",
}  # fmt: skip
_HOST = re.compile(r"(?:https?|ssh|git)://|--(?:extra-)?index-url|--find-links")


def _wanted(*extras: str) -> list[Requirement]:
    project = PROJECT["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines if not line.startswith("fawen[")]


@dataclass(frozen=True)
class Pin:
    """One package in one version; a package stands twice where Pythons or machines need different ones."""

    name: str
    version: str
    marker: Marker | None
    hashes: tuple[str, ...]


def _pins(lock: str) -> list[Pin]:
    found: list[Pin] = []
    for line in (DEPLOY / lock).read_text(encoding="utf-8").splitlines():
        if hashed := re.match(r"\s+--hash=sha256:([0-9a-f]{64})(?: \\)?$", line):
            found[-1] = replace(found[-1], hashes=(*found[-1].hashes, hashed[1]))
        elif line and not line.lstrip().startswith("#"):
            pinned = Requirement(line.rstrip(" \\"))
            ((operator, version),) = [(one.operator, one.version) for one in pinned.specifier]
            assert "==" == operator, line
            found.append(Pin(canonicalize_name(pinned.name), version, pinned.marker, ()))
    return found


def _here(pins: list[Pin]) -> dict[str, str]:
    """Versions for Linux on x86-64 with Python 3.11, where the SBOM is made and the image is built."""
    return {pin.name: pin.version for pin in pins if pin.marker is None or pin.marker.evaluate(MACHINE)}


@pytest.mark.parametrize(
    ("lock", "extras"),
    [(RUNTIME, ("postgres", "encoder")), (EVERYTHING, ("postgres", "encoder", "bench", "onnx", "dev"))],
)
def test_the_lock_agrees_with_pyproject(lock: str, extras: tuple[str, ...]) -> None:
    """Every dependency is pinned, within what pyproject.toml allows; after a change `make lock` is due."""
    pins = _pins(lock)
    for requirement in _wanted(*extras):
        versions = {pin.version for pin in pins if pin.name == canonicalize_name(requirement.name)}
        assert versions, f"{requirement} is not locked"
        assert versions == set(requirement.specifier.filter(versions, prereleases=True)), str(requirement)


def test_what_builds_the_wheel_is_locked() -> None:
    """The build backend of pyproject.toml."""
    locked = _here(_pins(BUILD))
    for requirement in map(Requirement, PROJECT["build-system"]["requires"]):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("lock", [RUNTIME, EVERYTHING, BUILD])
def test_every_package_has_hashes_and_no_address(lock: str) -> None:
    """A file with another content is refused at installation; where it comes from is each place's own business."""
    assert [] == [pin.name for pin in _pins(lock) if not pin.hashes]
    assert not _HOST.search((DEPLOY / lock).read_text(encoding="utf-8"))


def test_nothing_of_development_is_delivered() -> None:
    """The runtime lock is a part of the whole one, in the same versions, without the tools."""
    runtime, everything = _here(_pins(RUNTIME)), _here(_pins(EVERYTHING))
    assert runtime.items() <= everything.items()
    assert set() == {"pytest", "mypy", "ruff", "bandit", "playwright", "wechatpy", "uv"} & set(runtime)


def test_the_sbom_keeps_its_schema_and_agrees_with_the_lock() -> None:
    """CycloneDX 1.6; each component is a pin of the lock, and every pin for this kind of machine is a component."""
    text = (DEPLOY / "sbom.cdx.json").read_text(encoding="utf-8")
    assert None is JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    bom = json.loads(text)
    assert ("fawen", PROJECT["project"]["version"]) == (
        bom["metadata"]["component"]["name"], bom["metadata"]["component"]["version"],
    )  # fmt: skip
    there = {canonicalize_name(c["name"]): c["version"] for c in bom["components"]}
    assert _here(_pins(RUNTIME)) == there


def test_every_package_has_a_licence() -> None:
    """docs/licences.md lists the same packages, none without a stated licence, none that forbids this use."""
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|",
        (ROOT / "docs" / "licences.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    listed = {canonicalize_name(name): version for name, version, _ in rows if name not in ("package", "---")}
    bom = json.loads((DEPLOY / "sbom.cdx.json").read_text(encoding="utf-8"))
    assert {canonicalize_name(c["name"]): c["version"] for c in bom["components"]} == listed
    # LGPL may be used unchanged as a package of its own; what would reach into our own code may not be here
    assert [] == [name for name, _, licence in rows if re.search(r"not stated|\bA?GPL|SSPL|Proprietary", licence)]
