"""The section `build` and the keys of build steps: what is read, and every mistake with its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sternway_steps.config import Config, ConfigErrors
from sternway_steps.registry.load import load

BASE = "name: web\nimage: registry.example/web:1\n"


def config(folder: Path, text: str) -> Config:
    (folder / "sternway.yaml").write_text(text)
    return load(folder / "sternway.yaml")


def test_a_section_makes_build_one_of_the_default_steps(tmp_path: Path) -> None:
    found = config(tmp_path, BASE + "build: {dockerfile: image/Dockerfile, args: {A: '1'}}\n")
    assert [step.name for step in found.steps if not isinstance(step, tuple)] == [
        "validate",
        "build",
        "deploy",
        "verify",
    ]
    assert found.build is not None
    assert (found.build.image, found.build.context) == ("registry.example/web:1", str(tmp_path))
    assert found.build.places["build.args"].endswith("sternway.yaml:3:39")
    assert config(tmp_path, BASE).build is None


def test_a_steps_keys_are_laid_over_the_section(tmp_path: Path) -> None:
    text = BASE + (
        "build: {builder: buildah, args: {A: '1'}}\n"
        "steps:\n- [build, {name: api, uses: build, with: {image: 'registry.example/api:1', context: api, args: {B: '2'}}}]\n"
    )
    found = config(tmp_path, text)
    group = found.steps[0]
    assert isinstance(group, tuple)
    assert found.build is not None
    api = found.build.laid_over(group[1].options)
    assert (api.image, api.context, api.builder, api.args) == (
        "registry.example/api:1", str(tmp_path / "api"), "buildah", {"B": "2"},
    )  # fmt: skip
    assert found.build.places["api.context"].endswith("sternway.yaml:5:76")


@pytest.mark.parametrize(
    ("context", "read"),
    [
        ("https://host/x.git#v1:sub/a", "https://host/x.git#v1:sub/a"),
        ("git@host:team/x.git#main", "git@host:team/x.git#main"),
        ("{git: 'https://host/x.git', revision: v1, path: sub}", "https://host/x.git#v1:sub"),
        ("{git: 'https://host/x.git', path: sub}", "https://host/x.git#:sub"),
        ("{git: 'ssh://git@host/x.git'}", "ssh://git@host/x.git"),
    ],
)
def test_git_contexts(tmp_path: Path, context: str, read: str) -> None:
    found = config(tmp_path, BASE + f"build: {{context: {json.dumps(context) if context[0] != '{' else context}}}\n")
    assert found.build is not None
    assert found.build.context == read


BAD = [
    ("build: {image: web}", "3:16: build.image: 'web' has no tag"),
    ("build: {image: 'web:1@sha256:" + "0" * 64 + "'}", "3:16: build.image: a digest can't be built"),
    ("build: {dokerfile: x}", "3:9: build.dokerfile: this key is not known; did you mean 'dockerfile'?"),
    ("build: {builder: kaniko}", "build.builder: 'kaniko' is not known; expected auto or docker"),
    ("build: {host: 'tcp://x:1'}", "3:9: build.host: it is not said whose host that is; builder: docker or buildkit"),
    ("build: {secrets: {t: {env: A, file: b}}}", "3:19: build.secrets.t: this says not where it comes from"),
    ("build: {secrets: {t: {secret: a}}}", "build.secrets.t: this says not where it comes from"),
    ("build: {context: 'ftp://x'}", "3:18: build.context: 'ftp://x' is no folder and no git URL"),
    ("build: {context: 'https://h/x.git#a:../b'}", "build.context: '../b' leads out of the repository"),
    ("build: {context: 'https://h/x.git#--upload-pack=x'}", "build.context: '--upload-pack=x' is no revision"),
    ("build: {context: {git: /etc}}", "build.context.git: '/etc' is no git URL"),
    ("build: {context: {revision: x}}", "build.context.git: this key is required"),
    ("build: {platforms: [amd64]}", "3:21: build.platforms[0]: 'amd64' is not valid; expected a platform"),
    ("build: {}\nsteps: [deploy]", "3:1: build: no step builds it; add build to steps"),
    ("steps: [{name: b, uses: build, with: {image: x, targt: y}}]", "3:46: steps[0].with.image: 'x' has no tag"),
    ("steps: [{name: b, uses: build, with: {image: x, targt: y}}]", "3:49: steps[0].with.targt: this key is not known"),
    ("steps: [build, {name: b, uses: build}]", "3:16: steps[1]: registry.example/web:1 is built by steps[0] already"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD)
def test_mistakes_have_their_place(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigErrors) as raised:
        config(tmp_path, BASE + text + "\n")
    assert words in str(raised.value)


def test_an_image_at_the_top_that_is_built_needs_a_tag_too(tmp_path: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"sternway.yaml:2:8: image: 'registry.example/web' has no tag"):
        config(tmp_path, "name: web\nimage: registry.example/web\nbuild: {}\n")
    (tmp_path / "m.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n")
    with pytest.raises(ConfigErrors, match=r"sternway.yaml:3:1: build.image: it is not said what is built"):
        config(tmp_path, "name: web\nmanifests: [m.yaml]\nbuild: {}\n")


def test_a_journey_through_the_journal_leaves_out_passwords(tmp_path: Path) -> None:
    text = BASE + (
        "build: {context: 'https://me:pass@host/x.git', secrets: {t: {env: TOKEN}}}\n"
        "steps: [build, {name: b, uses: build, with: {image: 'r.example/b:1', context: 'https://me:pass@host/y.git'}}]\n"
    )
    found = config(tmp_path, text)
    data = json.dumps(found.to_dict())
    assert "pass" not in data
    again = Config.from_dict(json.loads(data))
    assert again.build is not None
    assert found.build is not None
    assert again.build.image == found.build.image
    assert again.build.secrets == {"t": {"env": "TOKEN"}}


def test_paths_of_a_base_are_named_from_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base/sternway.yaml").write_text(
        BASE + "build: {context: app, secrets: {k: {file: key}}}\n"
        "steps: [build, {name: b, uses: build, with: {image: 'r.example/b:1', context: api}}]\n"
    )
    found = config(tmp_path, "extends: base/sternway.yaml\nnamespace: shop\n")
    assert found.build is not None
    assert found.build.context == str(tmp_path / "base/app")
    assert found.build.secrets["k"]["file"] == str(tmp_path / "base/key")
    step = found.steps[1]
    assert not isinstance(step, tuple)
    assert step.options["context"] == str(tmp_path / "base/api")
    over = config(tmp_path, "extends: base/sternway.yaml\nbuild: {context: 'https://h/x.git'}\n")
    assert over.build is not None
    assert over.build.context == "https://h/x.git"
