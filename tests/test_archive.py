"""An unpacked archive is no Git repository; its .dvc/config tells DVC so, and that of a clone does not."""

import io
import subprocess
import tarfile

import pytest

from tests import ROOT


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a Git repository")
def test_dvc_does_without_git_in_an_archive_alone():
    command = ["git", "archive", "--worktree-attributes", "HEAD", ".dvc/config"]
    content = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archived = archive.extractfile(".dvc/config").read().decode()
    assert "no_scm = true" in archived.replace("    ", "").splitlines()
    assert "no_scm = true" not in (ROOT / ".dvc/config").read_text().replace("    ", "").splitlines()
