"""How containers of one pod tell each other their end, in the folder in which Argo's executor looks."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sternway_steps.cli.container_set import SetContainer

from tests.helpers import until


def container(folder: Path, name: str) -> SetContainer:
    (folder / name).mkdir(exist_ok=True)
    found = SetContainer.of({"ARGO_CONTAINER_NAME": name}, folder)
    assert found is not None
    return found


def test_only_a_container_of_a_set_has_a_folder_and_main_is_none(tmp_path: Path) -> None:
    (tmp_path / "main").mkdir()
    assert SetContainer.of({}, tmp_path) is None
    assert SetContainer.of({"ARGO_CONTAINER_NAME": "main"}, tmp_path) is None, "its outputs are saved after its end"
    assert SetContainer.of({"ARGO_CONTAINER_NAME": "deploy"}, tmp_path) is None, "another executor has no such folder"
    assert container(tmp_path, "deploy").folder == tmp_path / "deploy"


@pytest.mark.parametrize("parent", [1, 7])
def test_the_exit_code_is_whole_and_only_that_of_the_containers_own_process(tmp_path: Path, parent: int, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("os.getppid", lambda: parent)
    container(tmp_path, "deploy").end(4)
    file = tmp_path / "deploy/exitcode"
    assert (file.read_text() == "4") if parent == 1 else not file.exists(), "what is below a script ends before it"
    assert [path.name for path in (tmp_path / "deploy").iterdir()] == (["exitcode"] if parent == 1 else [])


def test_one_that_failed_waits_for_the_end_of_those_beside_it(tmp_path: Path) -> None:
    failed, over = container(tmp_path, "a"), threading.Event()
    waiting = threading.Thread(target=lambda: (failed.wait_for(["b", "c"], threading.Event()), over.set()))
    waiting.start()
    until(lambda: list((tmp_path / "a").iterdir()), 5, "it says that it has ended")
    container(tmp_path, "b").folder.joinpath("exitcode").write_text("0")
    assert not over.wait(0.5), "c is at work"
    (tmp_path / "c").mkdir()
    (tmp_path / "c/exitcode").write_text("137")
    assert over.wait(5)
    waiting.join()


def test_two_that_failed_do_not_wait_for_each_other_for_ever(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=container(tmp_path, one).wait_for, args=([other], threading.Event()))
        for one, other in (("a", "b"), ("b", "a"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert not any(thread.is_alive() for thread in threads)


def test_a_stop_ends_the_wait(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    container(tmp_path, "a").wait_for(["b"], stop)


def test_a_folder_that_can_not_be_written_costs_only_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getppid", lambda: 1)
    SetContainer(tmp_path / "gone").end(0)


def test_it_costs_a_start_nothing() -> None:
    code = "import sys, sternway_steps.cli.container_set; print('urllib3' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
