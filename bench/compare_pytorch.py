#!/usr/bin/env python3
"""Times LA-Net's training step in lanet-cuda and in PyTorch, turn by turn; see --help.

The PyTorch code is in pytorch_peer/. It wants torch and numpy in the interpreters that --python
names; this script itself wants neither.
"""

import sys

from pytorch_peer.compare import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
