"""The last of what the fork server imports, the process of which all workers are copies.

To import it is all there is to do: what was imported goes out of the garbage collector's sight, in this
process and in its copies, so that their memory stays one. The collector writes into whatever it looks at.
And what was read of the libraries only to import them is let go.
"""

from __future__ import annotations

import gc

from ae_core.service.memory import let_go_of_files

gc.collect()
gc.freeze()
let_go_of_files()
