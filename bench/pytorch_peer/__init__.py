"""LA-Net's training step in PyTorch, to compare with: our own code, from the same equations.

    network.py   the networks                     losses.py   label distribution and the losses
    step.py      one whole training step          augment.py  augmentation on the device
    golden.py    are the golden losses met?       worker.py   the process that runs it
    options.py, compare.py, report.py: what to time, turn by turn, and what came out (no PyTorch)

Two formulations give the same values and gradients:
    published  as the paper's equations read: every one of the B x B pairs through the pair network,
               contrastive logits [B, B, M], the landmark map at full width, the momentum network
               with its classifier and heatmaps, its update parameter by parameter
    cheap      design: LA-Net part 4: the K chosen pairs alone, one logsumexp over the bank for each
               row, the landmark head collapsed, the momentum network up to its features, its update
               in two calls
"""
