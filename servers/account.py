"""Elasticsearch and PostgreSQL refuse root: as root they get a system user and files which that user can reach."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

USER = "webcare-servers"


def is_root() -> bool:
    return os.geteuid() == 0


def as_server(command: Sequence[str], folder: Path) -> list[str]:
    """The command as the servers' user in `folder`; plainly where we are no root."""
    inside = ["env", f"--chdir={folder}", *command]
    if not is_root():
        return inside
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *inside]


def hand_over(folder: Path) -> None:
    """Make the folder and all in it the servers' own."""
    if not is_root():
        return
    user = _user()
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid)


def reachable(folder: Path) -> bool:
    """Whether other users get to it; what is not there yet does not hinder them."""
    return all(each.stat().st_mode & 0o001 for each in [folder, *folder.parents] if each.exists())


def within_reach(tree: Path, folder: Path) -> Path:
    """The tree where the servers' user can read it: itself, or as root linked (else copied) into `folder`."""
    if not is_root():
        return tree
    copy = folder / tree.name
    if not copy.exists():
        shutil.copytree(tree, copy, symlinks=True, copy_function=_link)
    return copy


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)
    return target


def _user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER]
        subprocess.run(command, check=False, capture_output=True)
        return pwd.getpwnam(USER)
