"""The cache of graphs: built once, never trusted blindly; and nothing that leaves the machine."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.models.runtime import RuntimeOptions, load_network

# After pipeline.models, which sees to it that OpenVINO reports nothing.
import openvino as ov  # isort: skip
from openvino import opset13  # isort: skip


ROOT = Path(__file__).resolve().parents[3]


class Doubler:
    """Builds a graph that multiplies by a factor, and counts how often it is asked to."""

    def __init__(self, factor: float = 2.0) -> None:
        self.built = 0
        self._factor = factor

    def __call__(self) -> ov.Model:
        self.built += 1
        given = opset13.parameter([-1, 3], np.float32)
        # A large constant, so that the weights are in the file for weights.
        factor = opset13.constant(np.full((1, 3), self._factor, np.float32))
        return ov.Model([opset13.multiply(given, factor)], [given])


@pytest.fixture
def options(tmp_path: Path) -> RuntimeOptions:
    return RuntimeOptions(tmp_path / "cache", threads=1, streams=1)


def run(network: ov.CompiledModel) -> list[float]:
    given = np.ones((1, 3), np.float32)
    return [float(value) for value in network(given)[0][0]]


def test_a_network_is_built_once_and_read_from_the_cache_after(options: RuntimeOptions) -> None:
    build = Doubler()
    assert run(load_network("doubler", "k1", build, options, batch=1)) == [2, 2, 2]
    assert run(load_network("doubler", "k1", build, options, batch=1)) == [2, 2, 2]
    assert build.built == 1


def test_another_key_is_another_graph(options: RuntimeOptions) -> None:
    load_network("doubler", "k1", Doubler(2), options)
    assert run(load_network("doubler", "k2", Doubler(3), options)) == [3, 3, 3]


def test_the_batch_can_be_fixed_differently_on_one_cached_graph(options: RuntimeOptions) -> None:
    build = Doubler()
    for batch in (1, 4):
        network = load_network("doubler", "k1", build, options, batch)
        assert list(network.input().shape) == [batch, 3]
    assert build.built == 1


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def halved(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def changed(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def foreign(file: Path) -> None:
    file.write_bytes(b"something else altogether")


def removed(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("suffix", [".xml", ".bin", ".json"])
@pytest.mark.parametrize("damage", [emptied, halved, changed, foreign, removed])
def test_a_damaged_cache_is_built_again_not_trusted(
    options: RuntimeOptions, suffix: str, damage: Callable[[Path], None]
) -> None:
    build = Doubler()
    load_network("doubler", "k1", build, options)
    damage(options.cache_dir / "graphs" / f"doubler-k1{suffix}")
    assert run(load_network("doubler", "k1", build, options)) == [2, 2, 2]
    assert run(load_network("doubler", "k1", build, options)) == [2, 2, 2]
    assert build.built == 2


def test_a_build_that_fails_leaves_nothing_behind(options: RuntimeOptions) -> None:
    def broken() -> ov.Model:
        raise RuntimeError("no weights")

    with pytest.raises(RuntimeError, match="no weights"):
        load_network("doubler", "k1", broken, options)
    assert list((options.cache_dir / "graphs").iterdir()) == []


def test_bf16_is_taken_where_it_is_asked_for(tmp_path: Path) -> None:
    for precision in ("f32", "bf16"):
        options = RuntimeOptions(tmp_path, threads=1, streams=1, precision=precision)
        assert run(load_network("doubler", "k1", Doubler(), options)) == [2, 2, 2]


def test_openvino_is_imported_without_the_part_that_reports_to_its_makers(tmp_path: Path) -> None:
    program = (
        "import pipeline.models.runtime, sys;"
        "print(any(name.startswith('openvino_telemetry.') for name in sys.modules))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | {
        "HOME": str(tmp_path)
    }
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "False"
    assert list(tmp_path.iterdir()) == []
