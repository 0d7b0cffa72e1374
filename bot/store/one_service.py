"""One `fawen serve` at a time on a SQLite file: a second one would fetch the same messages and send the same answers.

The lock (flock) is on a file beside the database and ends with its process, however that ends: a start after SIGKILL finds it free.
SQLite's own locks come and go with each transaction, and every command that migrates takes the one of connect.py for a
moment; this one is the service's alone, so commands beside it are not held up. On PostgreSQL replicas share the work.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from collections.abc import Iterator

from bot.errors import StoreError
from bot.store.connect import parse_url, sqlite_file

log = logging.getLogger(__name__)
SUFFIX = ".serving"


@contextlib.contextmanager
def alone_on(url: str, make: bool = True) -> Iterator[None]:
    """Hold a SQLite database as the only service; `make=False`, for what is no service, leaves no lock file behind.

    Raises StoreError when another process holds it. Where the file cannot be locked (some network file systems) a
    warning is logged, and nobody is kept out.
    """
    parsed = parse_url(url)
    if (named := sqlite_file(parsed)) is None:
        yield
        return
    # by whatever name or link the database is opened
    file = named.resolve()
    with contextlib.ExitStack() as held:
        try:
            # for its owner only: who can open it can lock it
            handle = os.open(f"{file}{SUFFIX}", os.O_RDWR | (os.O_CREAT if make else 0), 0o600)
            held.callback(os.close, handle)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"数据库 {parsed.database} 正被另一个 fawen serve 或 fawen restore 使用，没有动它。"
                "请先停下那一个；要几个服务一起用，请把 store.url 换成 PostgreSQL（见运维手册“多台机器”）。"
            ) from None
        except OSError as error:
            if make or not isinstance(error, FileNotFoundError):
                log.warning(
                    "%s%s cannot be locked (%s): nothing keeps a second service off this database",
                    file, SUFFIX, type(error).__name__,
                )  # fmt: skip
        yield
