"""The hub's process: open the record, tell the farms, serve pages and doors until SIGTERM."""

import errno
from pathlib import Path

from kiosk.hub.node import open_hub
from kiosk.hub.office.app import create_office
from provisioning.clock import SystemClock
from provisioning.config import load_node
from provisioning.errors import Unavailable
from provisioning.log import end_with_any_thread, start_log
from provisioning.memory import return_big_blocks
from provisioning.web.serve import serve as serve_web

THREADS = 6  # a few kiosks, a farm and some officers at once; a check of a PIN takes a core for 40 ms


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
        serve_web(app, node.listen, threads=THREADS)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Unavailable("address_taken", listen=node.listen) from error
    finally:
        hub.stop()
