"""The last of what the fork server imports, the process of which all workers are copies.

To import it is all there is to do: what was imported goes out of the garbage collector's sight, in this
process and in its copies, so that their memory stays one. The collector writes into whatever it looks at.
"""

from __future__ import annotations

import gc

gc.collect()
gc.freeze()
