"""The hub's process: open the record, tell the farms, serve pages and doors until SIGTERM."""

import errno
from pathlib import Path

from kiosk.hub.node import open_hub
from kiosk.hub.office.app import create_office
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.errors import Unavailable
from provisioning.log import end_with_any_thread, start_log
from provisioning.memory import return_big_blocks, settle
from provisioning.web.serve import serve as serve_web

# A site's 40 kiosks (G05) may all have somebody who waits for the check of a PIN, each in a thread; the others are for
# pages and farms, so that an officer's page never waits behind a burst. A thread that waits holds 40 KiB. How many of
# them work at once is another matter: see kiosk.hub.sessions.secrets.
THREADS = 64


def serve(config: Path) -> None:
    """Run the hub until SIGTERM.

    Raises:
        ConfigRefused, Unavailable, Corrupt: it cannot start; the sentence says why.
        OSError: it may not listen there.
    """
    start_log()
    end_with_any_thread()
    return_big_blocks()
    node = load_node(config)
    hub = open_hub(node, SystemClock())
    try:
        app = create_office(hub)
        hub.start()
        settle()
        serve_web(app, node.listen, threads=THREADS)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Unavailable("address_taken", listen=node.listen) from error
    finally:
        hub.stop()
