"""A form's text is a value of the parameter's type: no mapping, no list, none that its enum does not have."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sternway_steps.config import Config
from sternway_steps.registry.load import load
from sternway_steps.yamltree.errors import ConfigErrors

FORM = """\
name: web
image: web:1
port: 80
replicas: 2
env: {LEVEL: info, NOTE: "", KEY: {secret: keys, key: api}}
parameters:
  env.LEVEL: {enum: [info, debug]}
  env.NOTE: {description: Anything.}
  env.NEW: {}
  replicas: {}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sternway.yaml"
    path.write_text(FORM)
    return path


def env_of(config: Config) -> dict[str, object]:
    [_, deployment] = [manifest.obj for manifest in config.manifests]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}


TEXTS = ["{secret: keys, key: api}", '{"secret": "keys", "key": "api"}', "[a, b]", "a: b", "null", "~", "", "true", "3", "1.10", "a #b", '"quoted"', "*alias", "!!binary aGk=", "a\nb: c\n", "--set image=evil:1", "---\na", "&a {secret: keys, key: api}"]  # fmt: skip


@pytest.mark.parametrize("by", ["flag", "variable"])
@pytest.mark.parametrize("key", ["NOTE", "NEW"])
@pytest.mark.parametrize("text", TEXTS)
def test_whatever_is_written_is_the_text_that_was_written(file: Path, text: str, key: str, by: str) -> None:
    flags, environ = ([f"env.{key}={text}"], {}) if by == "flag" else ([], {f"STERNWAY_ENV__{key}": text})
    assert env_of(load(str(file), overrides=flags, environ=environ))[key] == text


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=30))
def test_no_text_becomes_anything_else(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "sternway.yaml"
    if not file.exists():
        file.write_text(FORM)
    assert env_of(load(str(file), overrides=[f"env.NOTE={text}"]))["NOTE"] == text


@pytest.mark.parametrize("text", ["trace", "{secret: keys, key: api}", "", "Info", "info ", '"info"', "null"])
def test_an_enum_holds_on_every_runner(file: Path, text: str) -> None:
    assert env_of(load(str(file), overrides=["env.LEVEL=debug"]))["LEVEL"] == "debug"
    for flags, environ in (([f"env.LEVEL={text}"], {}), ([], {"STERNWAY_ENV__LEVEL": text})):
        with pytest.raises(ConfigErrors, match="is not among the values that it may have; expected info or debug"):
            load(str(file), overrides=flags, environ=environ)


@pytest.mark.parametrize("text", ["{a: b}", "[3]", "many", "", "null", "-1"])
def test_a_number_stays_a_number(file: Path, text: str) -> None:
    found = load(str(file), overrides=["replicas=3"]).manifests[1].obj
    assert found["spec"]["replicas"] == 3
    with pytest.raises(ConfigErrors, match="replicas"):
        load(str(file), overrides=[f"replicas={text}"])


def test_who_owns_the_configuration_may_write_mappings_elsewhere(file: Path) -> None:
    found = env_of(load(str(file), overrides=["env.OTHER={secret: keys, key: api}"]))
    assert found["OTHER"] == {"secretKeyRef": {"name": "keys", "key": "api"}}
