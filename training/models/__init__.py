"""Models on disk and in memory: found, checked, loaded, published, merged."""

import logging

logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # on import it tells of kernels that nobody asked for
