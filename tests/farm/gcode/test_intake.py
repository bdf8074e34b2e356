"""Taking a file in: real ones with their facts, bad ones with their line, hostile ones without harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from farm.gcode.compile import compile_spool
from farm.gcode.intake import read_model_file
from farm.gcode.limits import PrinterLimits
from farm.gcode.refusal import GcodeRefused, Refusal
from farm.gcode.sandbox import IntakeFailed, intake_in_child
from farm.gcode.sentences import SENTENCES
from farm.sim.models import FOLDER, demo_models

LIMITS = PrinterLimits()
GAUGE = FOLDER / "step-gauge.gcode"


def with_line(tmp_path: Path, at: int, line: str) -> Path:
    """The step gauge with ``line`` put in as line ``at``."""
    lines = GAUGE.read_text().splitlines()
    lines.insert(at - 1, line)
    path = tmp_path / "changed.gcode"
    path.write_text("\n".join(lines))
    return path


def refusal_of(path: Path, limits: PrinterLimits = LIMITS) -> Refusal:
    with pytest.raises(GcodeRefused) as refused:
        read_model_file(path, limits)
    return refused.value.refusal


@pytest.mark.parametrize("model", demo_models(), ids=lambda model: model.id)
def test_every_demo_model_may_print(model):
    facts = read_model_file(model.gcode_path, LIMITS)
    assert facts.lines <= 40_000
    assert facts.material == model.material
    assert (facts.nozzle_max_c, facts.bed_max_c) == (210.0, 60.0)
    assert facts.flags == (("long_thin",) if model.id == "plant-label" else ())


def test_facts_are_those_of_the_shape():
    facts = read_model_file(GAUGE, LIMITS)
    assert facts.size_mm == (80.0, 20.0, 17.0)
    assert facts.layers == 68
    assert facts.commands["G28"] == 1
    assert "M73" not in facts.commands


def test_density_makes_the_grams():
    light, heavy = (
        read_model_file(FOLDER / "plant-label.gcode", LIMITS, density_g_cm3=d) for d in (1.0, 1.25)
    )
    assert heavy.grams == pytest.approx(1.25 * light.grams, rel=1e-3)


@pytest.mark.parametrize(
    ("line", "code", "filling"),
    [
        ("G1 X900 Y10 E5", "off_the_bed", {"value_mm": 900.0, "limit_mm": 220.0, "axis": "X"}),
        ("M303 E0 S200 C8", "command_not_listed", {"command": "M303"}),
        ("M502", "command_not_listed", {"command": "M502"}),
        ("M28 card.gco", "command_not_listed", {"command": "M28"}),
        ("M104 S290", "nozzle_too_hot", {"value_c": 290.0, "limit_c": 245.0}),
        ("M140 S120", "bed_too_hot", {"value_c": 120.0, "limit_c": 90.0}),
        ("G1 X\x00", "not_text", {}),
        ("Lorem ipsum", "malformed_line", {"command": "Lorem ipsum"}),
    ],
)
def test_a_bad_line_5000_is_named_with_a_sentence(tmp_path, line, code, filling):
    with pytest.raises(GcodeRefused) as refused:
        read_model_file(with_line(tmp_path, 5000, line), LIMITS)
    assert refused.value.reason == code
    assert refused.value.detail["line"] == 5000
    assert filling.items() <= refused.value.detail.items()
    assert "5000" in SENTENCES[code] % refused.value.detail


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a").touch()
    assert refusal_of(tmp_path / "a") == Refusal("file_empty")


def test_random_bytes_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(os.urandom(200_000))
    assert refusal_of(tmp_path / "a").code == "not_text"


def test_a_file_that_lays_no_plastic_is_refused(tmp_path):
    (tmp_path / "a").write_text("G28\nM109 S200\nG1 X10\nG1 X20 F1200\n")
    assert refusal_of(tmp_path / "a") == Refusal("nothing_to_print")


def test_a_crawl_of_years_is_refused(tmp_path):
    (tmp_path / "a").write_text("G28\nM109 S200\nM83\nG1 X10 F.001 E1\nG1 X200 E1\n")
    assert refusal_of(tmp_path / "a").code == "takes_too_long"
    with pytest.raises(GcodeRefused, match="takes_too_long"):
        compile_spool(tmp_path / "a", tmp_path / "a.spool", LIMITS)


def test_another_printers_smaller_bed_is_respected():
    assert refusal_of(GAUGE, PrinterLimits(bed_x_mm=120.0)).code == "off_the_bed"


def test_60_megabytes_are_refused_without_being_read(tmp_path):
    path = tmp_path / "big.gcode"
    path.write_bytes(b"G1 X10 Y10 E1\n" * 4_300_000)
    tracemalloc.start()
    try:
        assert refusal_of(path) == Refusal("file_too_large", value=path.stat().st_size, limit=50_000_000)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_reading_holds_one_line_not_the_file(tmp_path):
    path = tmp_path / "long.gcode"
    start = "G28\nG90\nM83\nM109 S200\n"
    path.write_text(start + f"G1 X10 Y10 E.01\nG1 X20 Y20 E.01 ;{'x' * 900}\n" * 3_000)
    tracemalloc.start()
    try:
        facts = read_model_file(path, LIMITS)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000 < path.stat().st_size
    finally:
        tracemalloc.stop()
    assert facts.lines == 6_004


def test_a_files_changed_figures_are_flagged(tmp_path):
    path = tmp_path / "a.gcode"
    path.write_text(GAUGE.read_text().replace("; filament used [mm] = 2", "; filament used [mm] = 1"))
    assert read_model_file(path, LIMITS).flags == ("slicer_figures_differ",)


# --- in a child process -----------------------------------------------------------------------------------------------


def test_the_child_gives_the_same_facts_and_two_pictures(tmp_path):
    intake = intake_in_child(GAUGE, tmp_path, LIMITS)
    assert intake.facts == read_model_file(GAUGE, LIMITS)
    for path in (intake.top_png, intake.angle_png):
        assert path.stat().st_size < 150_000
        with Image.open(path) as picture:
            assert picture.size == (720, 540)
            assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 40


def test_the_child_passes_a_refusal_on(tmp_path):
    with pytest.raises(GcodeRefused) as refused:
        intake_in_child(with_line(tmp_path, 5000, "M502"), tmp_path, LIMITS)
    assert refused.value.refusal.line == 5000
    assert [path.suffix for path in tmp_path.iterdir()] == [".gcode"]


def arcs(path: Path, count: int) -> Path:
    """A file of full circles: each is one short line to send, and hundreds of small moves to judge and draw."""
    path.write_text("G28\nG90\nM83\nM109 S200\nG1 X50 Y110\n" + "G3 X50 Y110 I60 J0 E.1 F9000\n" * count)
    return path


@pytest.mark.parametrize("bound", [{"memory_bytes": 120_000_000}, {"cpu_s": 1}, {"timeout_s": 0.3}])
def test_a_file_that_wants_too_much_ends_only_the_child(tmp_path, bound):
    with pytest.raises(GcodeRefused, match="file_too_complex"):
        intake_in_child(arcs(tmp_path / "a.gcode", 12_000), tmp_path, LIMITS, **bound)


def test_a_small_file_fits_the_memory_that_a_large_one_exceeds(tmp_path):
    assert (
        intake_in_child(
            arcs(tmp_path / "a.gcode", 10), tmp_path, LIMITS, memory_bytes=120_000_000
        ).facts.lines
        == 15
    )


def test_a_child_that_cannot_work_is_no_fault_of_the_file(tmp_path):
    with pytest.raises(IntakeFailed):
        intake_in_child(GAUGE, tmp_path / "nowhere", LIMITS)


def test_the_desks_side_never_loads_pillow():
    code = "import sys, farm.gcode.sandbox; print('PIL' in sys.modules)"
    top = FOLDER.parent.parent.parent
    done = subprocess.run([sys.executable, "-c", code], cwd=top, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(
    shutil.which("prusa-slicer") is None, reason="Debian's prusa-slicer is not installed here"
)
def test_a_cube_fresh_from_the_slicer_may_print(tmp_path):
    stl = ["solid cube"]
    for a, b, c in _cube_triangles(20.0):
        stl += ["facet normal 0 0 0", "outer loop", *(f"vertex {x} {y} {z}" for x, y, z in (a, b, c))]
        stl += ["endloop", "endfacet"]
    (tmp_path / "cube.stl").write_text("\n".join([*stl, "endsolid cube", ""]))
    command = ["prusa-slicer", "--export-gcode", "--load", str(FOLDER / "printer.ini"), "cube.stl"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=100)
    facts = read_model_file(tmp_path / "cube.gcode", LIMITS)
    assert facts.size_mm == (20.0, 20.0, 20.0)
    assert facts.flags == ()
    assert 2.0 < facts.grams < 10.0


def _cube_triangles(side: float) -> list[tuple[tuple[float, ...], ...]]:
    def corner(bits: str) -> tuple[float, ...]:
        return tuple(side * int(bit) for bit in bits)

    faces = ["000 010 110 100", "001 101 111 011", "000 100 101 001", "100 110 111 101", "110 010 011 111"]
    triangles = []
    for face in [*faces, "010 000 001 011"]:
        a, b, c, d = (corner(bits) for bits in face.split())
        triangles += [(a, b, c), (a, c, d)]
    return triangles
