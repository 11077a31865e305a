"""What is run from the shell: ``python -m analyses.NAME``."""

import signal
import sys

# Until an analysis handles signals itself an interrupt ends it as any other program, without a traceback.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
