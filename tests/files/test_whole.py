"""A file is the old one, whole, or the new one, whole."""

import errno
import os
import stat
import subprocess
import sys

import pytest

from clustercast.errors import InputError
from clustercast.files.whole import held_by_one_run, output_directory, write_text, write_whole


def test_the_new_file_takes_the_place_of_the_old_and_leaves_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    write_text(tmp_path / "a.txt", "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "new")]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
def test_a_writer_that_is_stopped_leaves_the_old_file_and_nothing_else(tmp_path, stop):
    write_text(tmp_path / "a.txt", "old")

    def half(path):
        path.write_text("ne")
        raise stop

    with pytest.raises(stop):
        write_whole(tmp_path / "a.txt", half)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_killed_writer_leaves_the_old_file_whole(tmp_path):
    write_text(tmp_path / "a.txt", "old")
    program = (
        "import os, signal, sys\nfrom clustercast.files.whole import write_whole\n"
        "def half(path):\n    path.write_text('ne')\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(sys.argv[1], half)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a.txt"], env=with_source(), check=False)
    assert done.returncode == -9
    assert (tmp_path / "a.txt").read_text() == "old"


def with_source():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_failing_disk_is_one_sentence_and_loses_nothing(tmp_path, number):
    write_text(tmp_path / "a.txt", "old")

    def fail(path):
        path.write_text("ne")
        raise OSError(number, os.strerror(number))

    with pytest.raises(InputError, match=r"cannot write '.*a\.txt': .*name "):
        write_whole(tmp_path / "a.txt", fail)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "old")]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_device_says_that_it_is_full(tmp_path):
    def to_full_device(path):
        with open("/dev/full", "w") as file:
            file.write("x" * 100_000)

    with pytest.raises(InputError, match="disk is full"):
        write_whole(tmp_path / "a.txt", to_full_device)


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there.txt").write_text("old")
    (tmp_path / "here.txt").symlink_to(tmp_path / "there.txt")
    write_text(tmp_path / "here.txt", "new")
    assert (tmp_path / "here.txt").is_symlink()
    assert (tmp_path / "there.txt").read_text() == "new"


def test_only_a_file_is_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(InputError, match="it is not a file"):
        write_text(tmp_path / "a", "x")
    with pytest.raises(InputError, match="no such directory"):
        write_text(tmp_path / "b" / "c.txt", "x")


def test_an_output_directory_is_made(tmp_path):
    assert output_directory(tmp_path / "a" / "b").is_dir()
    assert output_directory(str(tmp_path / "a" / "b")) == tmp_path / "a" / "b"


def test_an_output_directory_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(InputError, match="a file is in the way"):
        output_directory(tmp_path / "a")
    with pytest.raises(InputError, match="a file stands where a directory is needed"):
        output_directory(tmp_path / "a" / "b")


def test_an_output_directory_that_is_read_only_is_refused(tmp_path, monkeypatch):
    # Asked of the system rather than tried: the superuser may write where permissions say no.
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(InputError, match="not allowed"):
        output_directory(tmp_path)


def test_a_file_that_is_rewritten_keeps_its_permissions(tmp_path):
    path = write_text(tmp_path / "a.txt", "old")
    fresh = stat.S_IMODE(path.stat().st_mode)
    assert fresh == 0o666 & ~current_umask()
    for mode in (0o600, 0o640, 0o755):
        path.chmod(mode)
        assert stat.S_IMODE(write_text(path, "new").stat().st_mode) == mode


def current_umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_that_may_not_be_written_stays(tmp_path, monkeypatch):
    path = write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    with pytest.raises(InputError, match="writing there is not allowed"):
        write_text(path, "new")
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_name_with_a_null_character_is_refused(tmp_path):
    with pytest.raises(InputError, match="null character"):
        write_text(f"{tmp_path}/a\0.txt", "x")


def test_two_runs_do_not_hold_one_place(tmp_path):
    with held_by_one_run(tmp_path / "a"):
        with pytest.raises(InputError, match="another run writes there"), held_by_one_run(tmp_path / "a"):
            pass
        with held_by_one_run(tmp_path / "b"):
            pass
    with held_by_one_run(tmp_path / "a"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_was_killed_holds_nothing(tmp_path):
    program = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom clustercast.files.whole import held_by_one_run\n"
        "with held_by_one_run(Path(sys.argv[1])):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path / "a"], env=with_source(), check=False)
    assert done.returncode == -9
    with held_by_one_run(tmp_path / "a"):
        pass
    assert list(tmp_path.iterdir()) == []
