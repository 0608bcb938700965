"""An unpacked archive is no Git repository; its .dvc/config tells DVC so, and that of a clone does not."""

import configparser
import io
import os
import subprocess
import tarfile

from tests import ROOT


def settings(text: str) -> dict[str, str]:
    config = configparser.ConfigParser()
    config.read_string(text)
    return dict(config["core"])


def test_dvc_does_without_git_in_an_archive_alone(tmp_path):
    def git(*arguments: str) -> bytes:
        own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return subprocess.run(
            ["git", "-c", "user.name=A Reader", "-c", "user.email=reader@example.org", *arguments],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | own,
            check=True,
            stdout=subprocess.PIPE,
        ).stdout

    text = (ROOT / ".dvc/config").read_text(encoding="utf-8")
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(text, encoding="utf-8")
    (tmp_path / ".gitattributes").write_bytes((ROOT / ".gitattributes").read_bytes())
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "A study")
    with tarfile.open(fileobj=io.BytesIO(git("archive", "HEAD"))) as archive:
        archived = archive.extractfile(".dvc/config").read().decode()
    assert "no_scm" not in settings(text)
    assert settings(archived) == settings(text) | {"no_scm": "true"}
