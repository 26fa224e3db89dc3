"""Packed encoders: what one may take of memory, time and files is bounded, whatever its headers say."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from sentiment.model import packed_encoder
from sentiment.model.packed_encoder import HEADER, MOST_MEMBERS, unpack

END = bytes(1024)
LONG = 32 << 20  # bytes: far more than may be held
REFUSED = (ValueError, OSError, tarfile.TarError)


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.type = size, kind
    return member.tobuf(tarfile.GNU_FORMAT)


def with_checksum(block: bytes) -> bytes:
    return block[:148] + b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:])) + block[156:]


def file(name: str, content: bytes = b"x") -> bytes:
    return header(name, len(content)) + content + bytes(-len(content) % 512)


def pax(kind: bytes = tarfile.XHDTYPE, **given: str) -> bytes:
    """A header of further values of the member after it, or of all members."""
    records = b""
    for key, value in given.items():
        record = f" {key.replace('_', '.')}={value}\n".encode()
        length = next(
            number for number in range(len(record), len(record) + 9) if number == len(record + b"%d" % number)
        )
        records += b"%d" % length + record
    return header("pax", len(records), kind) + records + bytes(-len(records) % 512)


def sparse(*, more: bool = False) -> bytes:
    """The header of a file that has a terabyte of holes, by itself or with maps of holes to follow."""
    block = bytearray(header("saved_model.pb", 512, tarfile.GNUTYPE_SPARSE))
    block[386:410] = b"%011o\0%011o\0" % (0, 512)
    block[482], block[483:495] = more, b"\x80" + (1 << (20 if more else 40)).to_bytes(11, "big")
    return with_checksum(bytes(block))


def a_hole_and_another() -> bytes:
    return b"%011o\0%011o\0" % (1, 1) * 21 + b"\1" + bytes(7)


def test_files_and_folders_are_unpacked(tmp_path: Path) -> None:
    whole = os.urandom(100_000)
    content = header(".", kind=tarfile.DIRTYPE) + header("./variables", kind=tarfile.DIRTYPE)
    content += file("./saved_model.pb") + file("./variables/variables.index", whole) + END
    for number, packed in enumerate(
        (content, gzip.compress(content), gzip.compress(content[:600]) + gzip.compress(content[600:]))
    ):
        (folder := tmp_path / str(number)).mkdir()
        unpack(io.BytesIO(packed), folder)
        assert (folder / "variables" / "variables.index").read_bytes() == whole
        assert (folder / "saved_model.pb").read_bytes() == b"x"


def test_what_pythons_own_tars_say_of_times_and_long_names_is_taken(tmp_path: Path) -> None:
    (tmp_path / "from" / ("n" * 200)).mkdir(parents=True)
    (tmp_path / "from" / ("n" * 200) / "詞彙.txt").write_text("詞", encoding="utf-8")
    for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", format=kind) as archive:
            archive.add(tmp_path / "from", arcname=".")
        (folder := tmp_path / str(kind)).mkdir()
        unpack(io.BytesIO(packed.getvalue()), folder)
        assert (folder / ("n" * 200) / "詞彙.txt").read_text(encoding="utf-8") == "詞"


@pytest.mark.parametrize(
    "start",
    [
        *(header("x", LONG, kind) + bytes(LONG) for kind in (b"L", b"K", b"x", b"g", b"X")),
        b"".join(header("x", 1, b"L") + b"a" + bytes(511) for _ in range(20_000)),
        pax(path="a") * 10_000,
        pax(tarfile.XGLTYPE, comment="a") * 10_000,
        sparse(more=True) + a_hole_and_another() * 20_000,
        pax(GNU_sparse_major="1", GNU_sparse_minor="0") + header("a", LONG) + b"900000000\n" + b"1\n" * (LONG // 2),
        with_checksum(header("x", kind=b"L")[:124] + b"\xff" * 12 + header("x", kind=b"L")[136:]) * 20_000,
    ],
    ids=["name", "link", "pax", "global", "solaris", "names", "paxes", "globals", "holes", "map of holes", "negative"],
)
def test_no_header_takes_more_than_a_name_does(start: bytes, tmp_path: Path) -> None:
    packed = gzip.compress(start + file("a") + END, 1)
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"it says more about one of its files than {HEADER:,} bytes"):
        unpack(io.BytesIO(packed), tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_members_are_counted(kind: bytes, tmp_path: Path) -> None:
    members = [header(f"{number}", kind=kind) for number in range(MOST_MEMBERS + 1)]
    (tmp_path / "most").mkdir()
    unpack(io.BytesIO(gzip.compress(b"".join(members[:-1]) + END)), tmp_path / "most")
    assert len(list((tmp_path / "most").iterdir())) == MOST_MEMBERS
    (tmp_path / "more").mkdir()
    with pytest.raises(ValueError, match=f"more than {MOST_MEMBERS} files and folders"):
        unpack(io.BytesIO(gzip.compress(b"".join(members) + END)), tmp_path / "more")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (sparse(), "it unpacks to more than"),
        (pax(GNU_sparse_map="0,1", GNU_sparse_size="9") + file("a"), "no plain file"),
        (pax(GNU_sparse_size="9", GNU_sparse_offset="0", GNU_sparse_numbytes="1") + file("a"), "no plain file"),
        (header("a", 1 << 40), "it unpacks to more than"),
        (pax(size="9" * 1_000) + file("a"), "it unpacks to more than"),
        (pax(size="-5") + file("a"), "no plain file"),
        (header("a", kind=tarfile.SYMTYPE), "no plain file"),
        (file("b") + header("a", kind=tarfile.LNKTYPE), "no plain file"),
        (header("a", kind=tarfile.FIFOTYPE), "no plain file"),
        (file("../a"), "is none for a file of an encoder"),
        (pax(path="b/../../a") + file("a"), "is none for a file of an encoder"),
        (pax(path="a\0b") + file("a"), "is none for a file of an encoder"),
        (pax(path="a\u202eb") + file("a"), "is none for a file of an encoder"),
        (header("/".join("a" * 17), kind=tarfile.DIRTYPE), "is none for a file of an encoder"),
        (file("a") + file("a"), "File exists"),
        (file("/etc/a"), "No such file or directory"),
        (file("a", os.urandom(5_000))[:-1_000], "cut off|unexpected end of data"),
    ],
)
def test_what_no_encoder_has_is_refused(content: bytes, found: str, tmp_path: Path) -> None:
    for number, packed in enumerate((gzip.compress(content + END * bool(len(content) % 512 == 0)), content)):
        (folder := tmp_path / str(number)).mkdir()
        with pytest.raises(REFUSED, match=found):
            unpack(io.BytesIO(packed), folder)


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress])
def test_other_ways_of_packing_are_not_unpacked(pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    with pytest.raises(ValueError, match="packed with bzip2 or xz, not with gzip"):
        unpack(io.BytesIO(pack(file("a") + END)), tmp_path)


def test_what_repeats_itself_more_than_weights_do_is_given_up(tmp_path: Path) -> None:
    packed = gzip.compress(header("a", LONG) + bytes(LONG) + END)
    with pytest.raises(ValueError, match="unpacks to more than 200 times its size"):
        unpack(io.BytesIO(packed), tmp_path)


def test_a_gzip_file_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts without content, one after another: nothing is unpacked of what is fetched."""
    monkeypatch.setattr(packed_encoder, "LARGEST", 4 << 20)
    start = b"\x1f\x8b\x08" + bytes(7)
    with pytest.raises(ValueError, match=r"it has more than 4,194,304 bytes"):
        unpack(io.BytesIO(start + b"\0\0\0\xff\xff" * (1 << 20)), tmp_path)
